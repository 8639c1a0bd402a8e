"""Training from the packed cache, resumable to the bit."""
