"""What a mesh format is: everything that reading and writing know of it, in one value."""

import dataclasses
import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.mesh.mesh import Mesh

LINEAR = frozenset({"line", "triangle", "quad"})
QUADRATIC = LINEAR | {"line3", "triangle6", "quad8"}


def _unchanged(name: str, data: bytes) -> tuple[bytes, dict[int, str]]:
    return data, {}


def _accept(name: str, subject: Any) -> None:
    """For formats in which nothing has to be refused."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Format:
    """A mesh format. `enf2enf/io/formats/` holds one in each file, as `FORMAT`.

    A file is read by `sniff`, `prepare`, `companions`, `inspect` and `read`, in this order; a mesh is written by
    `validate` and `write`. `read` and `write` run with warnings and output switched off, and whatever they raise
    becomes one sentence about the file. `name` in the arguments of a function is the file as the user knows it.

    Args:
        name: what users and the wire call the format, and meshio too where its reader is used: while `read` runs,
            `meshio.<name>` cannot make larger arrays than a file of this size can fill.
        label: what a sentence calls it.
        extensions: of its files. The first is the one that `read` and `write` are given.
        kinds: the cell kinds it can hold, as far as they matter in the plane.
        fields: whether it carries nodal fields.
        patches: whether it carries named patches.
        cell_fields: whether it carries numbers by cell; those without leave them out.
        sniff: `(data)` -> whether the bytes look like this format.
        read: `(path)` -> `meshio.Mesh`. Patches are `cell_sets` or `point_sets` by name, or numbers in the cell data
            `tag` with the names that `prepare` found; `enf2enf.io.patches` lists the names that meshio gives to such
            data. Point data become nodal fields. Its `info` may be a list of sentences about what was left out, its
            `unheld` names, kind by kind, of what else is in the file and would be missing in one of another format.
        write: `(path, raw, tags, names)`: writes the `meshio.Mesh` `raw`; cells of tag k (one array of tags for each
            block) make the patch `names[k - 1]`, those of tag 0 are in no patch. The same mesh gives the same bytes.
        distinctive: whether no file of another format satisfies `sniff`; only then is a file under a wrong name said
            to be of this format.
        plane: whether `write` gets the points of a plane mesh in two columns; otherwise z = 0 is the third.
        prepare: `(name, data)` -> the bytes for `read`, and tag -> name of a patch. Raises `MeshError` for bytes that
            must not be parsed (they fetch or grow something) or would be read wrongly.
        counts: a pattern of what stands before the numbers that say how much of something follows, its name a group. A
            negative one is refused: NumPy takes it for any number, as many readers do.
        companions: `(name, data, folder)` -> the files in the folder of the file that it refers to, which are put
            beside it for `read`; the folder is None where there are only bytes. Raises `MeshError` for references to
            anything else. None: a file of this format is complete in itself.
        inspect: `(name, path)`: looks through the file, its companions beside it, and raises `MeshError` if it claims
            more than it can hold or refers to other files.
        attach: `(path, fields)`: adds nodal fields, float64 and vectors in space, to a file of this format, in place of
            those of the same names, and changes nothing else. Raises anything where it cannot; None where it never can.
        validate: `(name, mesh)`: raises `MeshError` if the format cannot hold a mesh for other reasons than `kinds`,
            `fields` and `patches`.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    kinds: frozenset[str]
    fields: bool
    patches: bool
    sniff: Callable[[bytes], bool]
    read: Callable[[Path], Any]
    write: Callable[[Path, Any, list[np.ndarray], list[str]], None]
    distinctive: bool = True
    cell_fields: bool = False
    plane: bool = False
    prepare: Callable[[str, bytes], tuple[bytes, dict[int, str]]] = _unchanged
    counts: bytes | None = None
    companions: Callable[[str, bytes, Path | None], list[Path]] | None = None
    inspect: Callable[[str, Path], None] = _accept
    attach: Callable[[Path, Mapping[str, np.ndarray]], None] | None = None
    validate: Callable[[str, Mesh], None] = _accept


def meshio_reader(name: str) -> Callable[[Path], Any]:
    """meshio's own reader of a format, as `Format.read`; its general one ends the process when a file is damaged."""

    def read(path: Path):
        return importlib.import_module(f"meshio.{name}").read(str(path))

    return read
