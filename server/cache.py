"""Encoded geometries by handle, bounded in number and in memory."""

import dataclasses
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.errors import HandleError


@dataclasses.dataclass(frozen=True)
class Shape:
    """What the server keeps of an uploaded mesh.

    Args:
        encoding: the library's encoding.
        nodes: coordinates in metres, in the file's order.
        understood: the reply to the upload.
    """

    encoding: Any
    nodes: Float[np.ndarray, "nodes dim"]
    understood: pb.EncodeResponse

    @property
    def bytes(self) -> int:
        """Memory that it takes, roughly: the latents are small beside the nodes."""
        return 2 * self.nodes.nbytes + (1 << 16)


def handle_of(data: bytes, options: Sequence[str]) -> str:
    """Hex SHA-256 of a file and of the options that decide what is made of it."""
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

    def find(self, handle: str) -> Shape | None:
        """The shape, now the most recently used one, or None."""
        with self._lock:
            if handle in self._shapes:
                self._shapes.move_to_end(handle)
            return self._shapes.get(handle)

    def get(self, handle: str) -> Shape:
        """The shape. Raises `HandleError` where it is unknown."""
        shape = self.find(handle)
        if shape is None:
            raise HandleError("handle", "one that Encode returned and that is still held", repr(handle[:80]))
        return shape

    def put(self, handle: str, shape: Shape) -> None:
        """Keeps the shape, dropping old ones where there is no room; the newest one always stays."""
        with self._lock:
            if handle in self._shapes:
                self._used -= self._shapes.pop(handle).bytes
            self._shapes[handle] = shape
            self._used += shape.bytes
            while len(self._shapes) > 1 and (len(self._shapes) > self._entries or self._used > self._bytes):
                self._used -= self._shapes.popitem(last=False)[1].bytes
