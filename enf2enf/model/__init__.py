"""The model, in normalised numbers only."""
