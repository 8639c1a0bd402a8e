"""Malformed meshes, one sin a file, with the error that each must give."""

import dataclasses
import io
import re
import struct
import zlib

import h5py
import numpy as np

from enf2enf.io import write_bytes
from enf2enf_meshes.generators.unit_cell import build, curves

_VTK_KINDS = {2: 3, 3: 5, 4: 10}  # corners -> line, triangle, tetrahedron
_SQUARE = [(0, 0), (1, 0), (1, 1), (0, 1)]
# A square with a hole: a reader that overlooks the sin would find nothing else to refuse.
_PLATE = [*_SQUARE, (0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]
_AROUND = [cell for k in range(4) for n in [(k + 1) % 4] for cell in [(k, n, n + 4), (k, n + 4, k + 4)]]


@dataclasses.dataclass(frozen=True)
class Broken:
    """A malformed file.

    Args:
        file: its name.
        data: its bytes.
        stage: what notices: `read`, `geometry`, or `surrogate` (which alone knows the sizes it was trained on).
        error: what the error says, in part.
    """

    file: str
    data: bytes
    stage: str
    error: str


def build_all() -> list[Broken]:
    """Every malformed file."""
    return [*_damaged(), *_disguised(), *_nonsense(), *_reaching_out(), *_no_domain(), *_bad_curves()]


def _vtu(points, cells, pieces: int = 1) -> bytes:
    """A plain-text VTU file, with whatever in it."""
    spatial = [(*point, 0)[:3] for point in points]

    def array(kind: str, name: str, rows, components: int = 1) -> str:
        text = " ".join(str(value) for row in rows for value in row)
        about = f'type="{kind}" Name="{name}" NumberOfComponents="{components}" format="ascii"'
        return f"<DataArray {about}>{text}</DataArray>"

    piece = (
        f'<Piece NumberOfPoints="{len(spatial)}" NumberOfCells="{len(cells)}">'
        f"<Points>{array('Float64', 'Points', spatial, 3)}</Points>"
        f"<Cells>{array('Int64', 'connectivity', cells)}"
        f"{array('Int64', 'offsets', [np.cumsum([len(cell) for cell in cells]).tolist()])}"
        f"{array('UInt8', 'types', [[_VTK_KINDS[len(cell)] for cell in cells]])}</Cells></Piece>"
    )
    head = '<?xml version="1.0"?>\n<VTKFile type="UnstructuredGrid" version="0.1" byte_order="LittleEndian">\n'
    return f"{head}<UnstructuredGrid>{piece * pieces}</UnstructuredGrid>\n</VTKFile>\n".encode()


def plate() -> bytes:
    """A square with a square hole, as a plain-text VTU file: nothing is wrong with it yet."""
    return _vtu(_PLATE, _AROUND)


def _csv(*loops) -> bytes:
    return ("x,y\n" + "\n\n".join("\n".join(f"{x:.6g},{y:.6g}" for x, y in loop) for loop in loops) + "\n").encode()


def _ring(centre=(0.5, 0.5), radius=0.2, count=24):
    angle = 2 * np.pi * np.arange(count) / count
    return [(centre[0] + radius * np.cos(a), centre[1] + radius * np.sin(a)) for a in angle]


def _damaged() -> list[Broken]:
    whole = write_bytes(build(), "vtu")
    middle = len(whole) // 2
    garbled = whole[:middle] + b"\x00\xff!" * 40 + whole[middle + 120 :]
    med, stl = write_bytes(build(), "med"), write_bytes(build(), "stl")
    return [
        Broken("empty.vtu", b"", "read", "expected VTU as its name says, got an empty file"),
        Broken("corrupt.vtu", garbled, "read", "expected a complete VTU file, got damaged or truncated data"),
        Broken("truncated.vtu", whole[:middle], "read", "expected a complete VTU file, got damaged or truncated data"),
        Broken("truncated.med", med[: len(med) // 2], "read", "expected a complete MED file, got damaged"),
        Broken("truncated.stl", stl[: len(stl) // 2], "read", "expected a complete STL file, got"),
    ]


def _disguised() -> list[Broken]:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    text = write_bytes(build(), "su2")
    return [
        Broken("wrong_extension.vtu", text, "read", "expected VTU as its name says, got SU2 data"),
        Broken("picture.msh", png, "read", "expected Gmsh as its name says, got a PNG image"),
        Broken("unknown_format.step", b"ISO-10303-21;\n", "read", "expected a mesh in one of the formats"),
    ]


def _nonsense() -> list[Broken]:
    nan = [*_PLATE[:2], (float("nan"), 1), *_PLATE[3:]]
    beyond = [*_AROUND[1:], (0, 1, 9)]
    whole = plate()
    negative = whole.replace(b'NumberOfPoints="8"', b'NumberOfPoints="-5"')
    descending = re.sub(rb"3 6 9 [\d ]+", b" ".join(b"%d" % n for n in range(24, 0, -3)), whole)
    return [
        Broken("nan.vtu", _vtu(nan, _AROUND), "read", "expected finite coordinates, got [nan, 1.0, 0.0] at node 2"),
        Broken("out_of_range.vtu", _vtu(_PLATE, beyond), "read", "node indices from 0 to 7, got 9"),
        Broken("no_cells.vtu", _vtu(_PLATE, []), "read", "expected at least one cell, got none"),
        Broken("two_pieces.vtu", _vtu(_PLATE, _AROUND, pieces=2), "read", "expected a VTU file of one piece, got 2"),
        Broken("negative_points.vtu", negative, "read", "expected NumberOfPoints of at least 0, got -5"),
        Broken("descending_offsets.vtu", descending, "read", "offset 21 of cell 1 after 24"),
    ]


def _reaching_out() -> list[Broken]:
    entities = b'<!ENTITY a "0 "><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">'
    prologue, rest = plate().split(b"\n", 1)
    bomb = prologue + b"\n<!DOCTYPE VTKFile [" + entities + b"]>\n" + rest.replace(b">0 0", b">&c; 0 0", 1)
    xdmf = write_bytes(build(), "xdmf")
    outside = re.sub(rb'Format="XML"([^>]*)>[^<]*<', rb'Format="HDF"\1>../secret.h5:/points<', xdmf, count=1)
    include = b"*NODE\n1, 0., 0.\n2, 1., 0.\n3, 0., 1.\n*INCLUDE, INPUT=/etc/hostname\n"
    linked = io.BytesIO()
    with h5py.File(linked, "w") as file:
        file["ENS_MAA"] = h5py.ExternalLink("/etc/hostname", "/")
    return [
        Broken("entity_bomb.vtu", bomb, "read", "expected plain XML, got a declaration <!DOCTYPE"),
        Broken("external_file.xdmf", outside, "read", "got a reference to"),
        Broken("include.inp", include, "read", "got an *INCLUDE of another file"),
        Broken("external_link.med", linked.getvalue(), "read", "expected HDF5 data within the file, got a link"),
    ]


def _no_domain() -> list[Broken]:
    square = [*_SQUARE]
    half = [(0, 1, 2), (0, 2, 3)]
    cell = build()
    dented = cell.points.copy()
    dented[45] = dented[45 + 20]  # a node of the second ring on the other side of the void
    two = [*square, *[(x + 3, y) for x, y in square]]
    solid = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    arched = np.column_stack([cell.points, cell.points[:, 0] ** 2])
    large = dataclasses.replace(cell, points=1000 * cell.points)
    return [
        Broken("wall_less.vtu", _vtu(square, half), "geometry", "expected walls: inner loops or named patches"),
        Broken("solid.vtu", _vtu(solid, [(0, 1, 2, 3)]), "geometry", "expected a plane mesh"),
        Broken("arched.vtu", _vtu(arched.tolist(), cell.cells[0].nodes.tolist()), "geometry", "flat in z, got z"),
        Broken("overlapping_cells.vtu", _vtu(dented.tolist(), cell.cells[0].nodes.tolist()), "geometry", "overlapping"),
        Broken("two_domains.vtu", _vtu(two, [*half, (4, 5, 6), (4, 6, 7)]), "geometry", "expected one connected"),
        Broken("non_manifold.vtu", _vtu(square, [*half, (0, 2, 1)]), "geometry", "expected edges of one or two cells"),
        Broken("millimetres.vtu", write_bytes(large, "vtu"), "surrogate", "expected an extent of"),
    ]


def _bad_curves() -> list[Broken]:
    lines = curves()
    unclosed = _vtu(lines.points.tolist(), lines.cells[0].nodes[1:].tolist())
    bow_tie = [(0, 0), (1, 1), (1, 0), (0, 1)]
    repeated = _ring()
    repeated.insert(5, repeated[5])
    return [
        Broken("unclosed.vtu", unclosed, "geometry", "expected closed loops, two edges at every node, got an unclosed"),
        Broken("self_intersecting.csv", _csv(bow_tie), "geometry", "got a self-intersection at (0.5, 0.5)"),
        Broken(
            "overlapping_bodies.csv", _csv(_SQUARE, _ring((0.4, 0.5)), _ring((0.6, 0.5))), "geometry", "overlapping"
        ),
        Broken("crossing_boundary.csv", _csv(_SQUARE, _ring((0.9, 0.5))), "geometry", "overlapping"),
        Broken("two_points.csv", _csv([(0, 0), (1, 0)]), "read", "a loop of 2 points"),
        Broken("no_area.csv", _csv(_SQUARE, [(0.2, 0.5), (0.5, 0.5), (0.8, 0.5)]), "geometry", "points on one line"),
        Broken(
            "coinciding.csv", _csv(_SQUARE, _ring(), _ring()), "geometry", "curve 1 and curve 2 overlapping at (0.3"
        ),
        Broken("duplicated_points.csv", _csv(_SQUARE, repeated), "geometry", "duplicated"),
    ]
