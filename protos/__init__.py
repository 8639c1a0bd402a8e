"""The wire contracts `surrogate.proto` and `open_inference.proto`, and their Python stubs (`make protos`)."""
