"""Meshes: read, written and checked; NumPy alone."""

from enf2enf.mesh.mesh import CellBlock, Mesh
from enf2enf.mesh.read import read, read_bytes
from enf2enf.mesh.write import write, write_bytes

__all__ = ["CellBlock", "Mesh", "read", "read_bytes", "write", "write_bytes"]
