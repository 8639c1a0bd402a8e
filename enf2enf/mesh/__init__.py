"""Meshes: nodes, cells, patches and fields; their topology and units."""

from enf2enf.mesh.mesh import CellBlock, Mesh

__all__ = ["CellBlock", "Mesh"]
