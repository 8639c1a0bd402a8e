"""Data sets as folders, and packed for training."""
