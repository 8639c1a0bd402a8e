"""VTU of other versions and compressions."""

import pytest

import enf2enf_meshes
from enf2enf.errors import MeshError
from enf2enf.io import read_bytes


def test_later_vtu_versions_and_one_piece_only():
    data = enf2enf_meshes.path("unit_cell_vtu").read_bytes()
    assert read_bytes(data.replace(b'version="0.1"', b'version="2.2"'), "vtu").cell_count == 480
    with pytest.raises(MeshError, match="expected VTU data compressed by zlib or LZMA, got LZ4"):
        read_bytes(data.replace(b"vtkZLibDataCompressor", b"vtkLZ4DataCompressor"), "vtu")
