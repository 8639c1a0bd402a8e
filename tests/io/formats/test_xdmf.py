"""XDMF with a document type, and with its arrays in another file."""

import numpy as np
import pytest

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read, read_bytes

NODES = [(0, 0), (1, 0), (1, 1), (0, 1), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]
QUADS = [(1, 2, 6, 5), (2, 3, 7, 6), (3, 4, 8, 7), (4, 1, 5, 8)]


def test_xdmf_with_its_customary_document_type():
    data = enf2enf_meshes.path("unit_cell_xdmf").read_bytes()
    assert read_bytes(b'<!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []>\n' + data, "xdmf").cell_count == 480


def test_xdmf_may_refer_to_hdf5_beside_it_and_to_nothing_else(tmp_path):
    import meshio

    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    mesh = meshio.Mesh(np.array(NODES, dtype=float), [("quad", np.array(QUADS) - 1)])
    meshio.xdmf.write(str(inside / "a.xdmf"), mesh)
    assert len(read(inside / "a.xdmf").points) == 8
    data = (inside / "a.xdmf").read_bytes()
    with pytest.raises(MeshError, match=r"expected inline data \(Format=\"XML\"\), got a reference to the file 'a.h5'"):
        read_bytes(data, "a.xdmf")
    (inside / "a.h5").rename(outside / "a.h5")
    for reference in (b"a.h5", b"../outside/a.h5", str(outside / "a.h5").encode()):
        (inside / "a.xdmf").write_bytes(data.replace(b"a.h5", reference))
        with pytest.raises(MeshError, match="expected HDF5 data in a file beside it, got a reference to"):
            read(inside / "a.xdmf")
    (inside / "a.h5").symlink_to(outside / "a.h5")
    (inside / "a.xdmf").write_bytes(data)
    with pytest.raises(MeshError, match="got a reference to 'a.h5'"):
        read(inside / "a.xdmf")
