"""Who may call, and how many at a time."""
