"""The services: messages into the library's types, one call of the engine, and its results into messages."""
