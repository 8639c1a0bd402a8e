"""The wire contract `surrogate.proto` and the Python stubs made from it (`make protos`)."""
