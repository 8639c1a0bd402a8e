"""Mesh files: read, written and checked."""

from enf2enf.io.read import read, read_bytes
from enf2enf.io.write import write, write_bytes

__all__ = ["read", "read_bytes", "write", "write_bytes"]
