"""One question a file; every figure beside its mark."""
