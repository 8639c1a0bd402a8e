"""Between messages and the library: convert, one call, convert."""
