"""Encoded geometries by handle, bounded in number and in memory."""

import dataclasses
import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.geometry.plane.sides import WallSides
from enf2enf.inference.encoding import MOST_DIRECTIONS, Encoding
from enf2enf_server.compute.models import Model
from enf2enf_server.parsing.parsed_mesh import ParsedMesh

_VIEW_BYTES = 1 << 16  # of the latents of one view, roughly


@dataclasses.dataclass(frozen=True)
class EncodedShape:
    """An uploaded mesh and its encoded geometry.

    Args:
        handle: identifies it to its owner.
        model: that encoded it.
        owner: name of the token that it was uploaded with; nobody else may use it.
        mesh: what was read from the file.
        walls: patches that were named as walls; empty for the inner loops.
        encoding: of the mesh's geometry.
        parse_seconds, encode_seconds: what reading and encoding took; 0 where the shape was cached.
        cached: whether it was known before the upload that is answered with it.
        symmetry: patches that were named as planes of symmetry.
    """

    handle: str
    model: Model
    owner: str
    mesh: ParsedMesh
    walls: tuple[str, ...]
    encoding: Encoding
    parse_seconds: float
    encode_seconds: float
    cached: bool = False
    symmetry: tuple[str, ...] = ()

    @property
    def nodes(self) -> Float[np.ndarray, "nodes dim"]:
        """Coordinates in metres, in the file's order."""
        return self.mesh.nodes

    @functools.cached_property
    def sides(self) -> WallSides:
        """Those of its walls."""
        return WallSides.of(self.mesh.geometry)

    @functools.cached_property
    def wall_sides(self) -> int:
        """How many sides its walls have."""
        return sum(len(run.sides) for run in self.mesh.geometry.runs)

    @property
    def boundary_sides(self) -> int:
        """How many sides its boundary has, the outer one included."""
        outer = self.mesh.geometry.outer
        return self.wall_sides + (0 if outer is None else len(outer))

    @property
    def bytes(self) -> int:
        """Memory that it may take, roughly: the nodes, in the mesh and in the geometry, and latents."""
        frames = self.model.surrogate.config.frames
        views = frames.count * (MOST_DIRECTIONS if frames.follows_conditions else 1)
        return 2 * self.nodes.nbytes + views * _VIEW_BYTES

    def as_cached(self) -> "EncodedShape":
        """The shape as the result of an upload that was known before."""
        return dataclasses.replace(self, cached=True, parse_seconds=0.0, encode_seconds=0.0)


def handle_of(data: bytes | bytearray, options: Sequence[str]) -> str:
    """Hex SHA-256 of a file and of all that decides how it is read and encoded, and for whom."""
    digest = hashlib.sha256()
    for part in (*(option.encode() for option in options), data):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class ShapeCache:
    """Encoded shapes; the least recently used one is dropped first. Safe to share between threads.

    Args:
        entries: most shapes.
        bytes_: most memory that they may take together.
    """

    def __init__(self, entries: int, bytes_: int):
        self._entries, self._bytes = entries, bytes_
        self._shapes: OrderedDict[str, EncodedShape] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def bytes(self) -> int:
        """Memory that all shapes take together, roughly."""
        return self._used

    def find(self, owner: str, handle: str) -> EncodedShape | None:
        """The owner's shape, now the most recently used one, or None."""
        with self._lock:
            shape = self._shapes.get(handle)
            if shape is None or shape.owner != owner:
                return None
            self._shapes.move_to_end(handle)
            return shape

    def put(self, shape: EncodedShape) -> None:
        """Keeps the shape, dropping old ones where there is no room; the newest one always stays."""
        with self._lock:
            self._drop(shape.handle)
            self._shapes[shape.handle] = shape
            self._used += shape.bytes
            while len(self._shapes) > 1 and (len(self._shapes) > self._entries or self._used > self._bytes):
                self._drop(next(iter(self._shapes)))

    def keep(self, models: Collection[Model]) -> None:
        """Drops the shapes of all other models."""
        with self._lock:
            for handle in [handle for handle, shape in self._shapes.items() if shape.model not in models]:
                self._drop(handle)

    def _drop(self, handle: str) -> None:
        if handle in self._shapes:
            self._used -= self._shapes.pop(handle).bytes
