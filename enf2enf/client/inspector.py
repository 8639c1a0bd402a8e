"""Whether replies are what the contract says: looked at once, as they come in, before anything is made of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.client.replies import RemoteShape
from enf2enf.client.requests import Upload
from enf2enf.errors import ServiceError
from enf2enf.plain import is_line, shown
from enf2enf_protos import surrogate_pb2 as pb

Layout = list[tuple[str, int]]
"""Names of the fields of a chunk, and the numbers of each at every point."""


class Inspector:
    """Looks at the replies to one call. All faults are the server's.

    Args:
        request_id: under which the server's log knows the call.
    """

    def __init__(self, request_id: str):
        self._request_id = request_id

    def fault(self, expected: str, got: str) -> ServiceError:
        """The error of a reply that is not what it should be."""
        return ServiceError("answer", expected, f"{got} (request {self._request_id})")

    def encoding(self, reply: pb.EncodeResponse, upload: Upload) -> RemoteShape:
        """The shape that a server has encoded. Raises `ServiceError` where it cannot be one."""
        lower, upper, wanted = np.array(reply.lower), np.array(reply.upper), upload.header.model
        if not reply.handle:
            raise self.fault("a handle", "none")
        fit = len(lower) == len(upper) in (2, 3)
        if not fit or not _finite(lower, upper) or not (lower < upper).all():
            raise self.fault("finite lower bounds below upper ones", shown((lower.tolist(), upper.tolist())))
        if min(counts := [reply.nodes, reply.cells, *(wall.nodes for wall in reply.walls)]) < 0:
            raise self.fault("numbers of nodes and cells", str(min(counts)))
        if wanted and reply.model not in ("", wanted):
            raise self.fault(f"a shape of the model {wanted!r}", f"one of {shown(reply.model)}")
        return RemoteShape.of(reply, upload)

    def layout(self, chunk: pb.FieldChunk, first: int, last: int) -> Layout:
        """The fields of the next chunk of an answer.

        Args:
            chunk: the chunk.
            first: its first point.
            last: the end of the answer's points; only an answer without any has a chunk without any.

        Raises:
            ServiceError: other points, more than are left, or fields that are none.
        """
        if chunk.first != first:
            raise self.fault(f"values from point {first} on", f"values from {chunk.first} on")
        if not min(1, last) <= chunk.count <= last - first:
            raise self.fault(f"1 to {last - first} points more", f"{chunk.count}")
        names = [field.name for field in chunk.fields]
        if not names or len(set(names)) < len(names) or not all(name and is_line(name) for name in names):
            raise self.fault("fields of different names", shown(names))
        return [(field.name, self._width(field, chunk.count)) for field in chunk.fields]

    def _width(self, field: pb.FieldValues, count: int) -> int:
        """Numbers at every point, of servers that do not say so, too."""
        width = field.components or len(field.values) // (4 * max(1, count)) or 1
        if width < 1 or len(field.values) != 4 * width * count:
            raise self.fault(f"{count} points of {field.name} of {width} numbers", f"{len(field.values)} bytes")
        return width

    def points(self, chunk: pb.FieldChunk, dim: int) -> None:
        """Raises `ServiceError` where a chunk that should bring its points does not."""
        if not np.isfinite(self._numbers(chunk, "points", (dim,))).all():
            raise self.fault("finite points", "others")

    def sides(self, chunk: pb.FieldChunk, dim: int, walls: Sequence[int]) -> None:
        """Raises `ServiceError` where a chunk that should bring the sides of so many walls does not."""
        self.points(chunk, dim)
        normals, lengths = self._numbers(chunk, "normals", (dim,)), self._numbers(chunk, "lengths", ())
        if not _finite(normals, lengths) or not (lengths > 0).all():
            raise self.fault("finite normals and lengths above 0", "others")
        numbers = self._numbers(chunk, "walls", (), "<i4")
        if not ((numbers >= 0) & (numbers < len(walls))).all():
            raise self.fault(f"sides of the walls 0 to {len(walls) - 1}", "others")

    def summary(self, summary: pb.Summary, points: int) -> None:
        """Raises `ServiceError` where a summary is not that of so many points."""
        if summary.points != points:
            raise self.fault(f"a summary of {points} points", f"one of {summary.points}")
        if not 0 <= summary.outside <= points:
            raise self.fault(f"0 to {points} points outside", str(summary.outside))

    def _numbers(self, chunk: pb.FieldChunk, name: str, row: tuple[int, ...], kind: str = "<f8") -> np.ndarray:
        """What a chunk brings for each of its points."""
        data, size = getattr(chunk, name), chunk.count * int(np.prod(row, initial=np.dtype(kind).itemsize))
        if len(data) != size:
            raise self.fault(f"{size} bytes of {name} for {chunk.count} points", f"{len(data)}")
        return np.frombuffer(data, kind)


def _finite(*arrays: Float[np.ndarray, "..."]) -> bool:
    return all(np.isfinite(array).all() for array in arrays)
