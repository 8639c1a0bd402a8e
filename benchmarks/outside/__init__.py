"""Programs of others on our sections, each in an environment of its own: see `sections`."""
