"""Encoded geometries by handle, bounded in number and in memory."""

import dataclasses
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.inference.encoding import Encoding
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.models import Model


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the server keeps of an uploaded mesh.

    Args:
        model: that encoded it.
        owner: name of the token that it was uploaded with; nobody else may use it.
        encoding: the library's encoding.
        nodes: coordinates in metres, in the file's order.
        understood: the reply to the upload.
    """

    model: Model
    owner: str
    encoding: Encoding
    nodes: Float[np.ndarray, "nodes dim"]
    understood: pb.EncodeResponse

    @property
    def bytes(self) -> int:
        """Memory that it takes, roughly: the nodes, in the mesh and in the geometry, and the latents of every view."""
        return 2 * self.nodes.nbytes + len(self.encoding.views) * (1 << 16)

    def again(self) -> "Shape":
        """The shape as the reply to an upload that was known already."""
        reply = pb.EncodeResponse()
        reply.CopyFrom(self.understood)
        reply.cached, reply.parse_seconds, reply.encode_seconds = True, 0.0, 0.0
        return dataclasses.replace(self, understood=reply)


def handle_of(data: bytes, options: Sequence[str]) -> str:
    """Hex SHA-256 of a file and of all that decides what is made of it, and for whom."""
    digest = hashlib.sha256()
    for part in (*(option.encode() for option in options), data):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()


class ShapeCache:
    """Least recently used first out. Safe to share between threads."""

    def __init__(self, entries: int, bytes_: int):
        self._entries, self._bytes = entries, bytes_
        self._shapes: OrderedDict[str, Shape] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def bytes(self) -> int:
        """Memory that all shapes take together, roughly."""
        return self._used

    def find(self, owner: str, handle: str) -> Shape | None:
        """The owner's shape, now the most recently used one, or None."""
        with self._lock:
            shape = self._shapes.get(handle)
            if shape is None or shape.owner != owner:
                return None
            self._shapes.move_to_end(handle)
            return shape

    def put(self, handle: str, shape: Shape) -> None:
        """Keeps the shape, dropping old ones where there is no room; the newest one always stays."""
        with self._lock:
            self._drop(handle)
            self._shapes[handle] = shape
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
