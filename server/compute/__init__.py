"""Models, encoded shapes and the one thread that computes. Knows neither protobuf nor gRPC."""
