"""Other answers to the same question, on the same packed data: see `transolver`, `train_transolver` and `lookup`."""
