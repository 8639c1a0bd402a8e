"""Models, shapes and the one thread that computes."""
