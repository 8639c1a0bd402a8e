"""The gRPC server of a surrogate: convert, one library call, convert."""
