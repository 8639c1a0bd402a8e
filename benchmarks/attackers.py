"""Callers that want too much, from a process of their own.

    python -m benchmarks.attackers WHAT TARGET NUMBER SECONDS [TOKEN]

    held       2,000 calls that never say anything, over NUMBER connections, opened again when they are ended
    trickle    NUMBER uploads at a byte every second
    stars      NUMBER uploads at a time of a cell around a star of 30,000 vertices
    retry      NUMBER clients that ask again as soon as they are refused, whatever they are told

Prints JSON: how many calls ended, by status.
"""

import asyncio
import functools
import itertools
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import grpc
import numpy as np

from enf2enf.io import write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

HELD, MOST_A_SECOND, VERTICES = 2000, 500, 30_000
_OWN = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
_SILENT = (
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "grpc.health.v1.Health/Check",
    "enf2enf.v1.Surrogate/Sample",
)
Metadata = Sequence[tuple[str, str]]


def star(seed: int) -> bytes:
    """A cell around a star, of which no two are the same file; it takes an attacker no time."""
    return _star(VERTICES) + b"<!-- %d -->" % seed


@functools.cache
def _star(vertices: int) -> bytes:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    wave = np.where(np.arange(vertices) % 2, 1.0, 0.6)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    square = 0.5 * circle / np.abs(circle).max(axis=1, keepdims=True)
    points = 0.5 + np.concatenate([0.3 * wave[:, None] * circle, square])
    first = np.arange(vertices)
    after = (first + 1) % vertices
    quads = np.stack([first, first + vertices, after + vertices, after], axis=1)
    return write_bytes(Mesh(points, (CellBlock("quad", quads),)), "vtu")


class Attack:
    """Calls until a time of `time.monotonic`, and how they ended."""

    def __init__(self, target: str, number: int, seconds: float, metadata: Metadata):
        self.target, self.number, self.metadata = target, number, metadata
        self.until = time.monotonic() + seconds
        self.ended: Counter[str] = Counter()
        self._next = time.monotonic()

    @property
    def goes_on(self) -> bool:
        """Whether there is time left."""
        return time.monotonic() < self.until

    async def held(self) -> None:
        """Calls without a message."""
        channels = [grpc.aio.insecure_channel(self.target, _OWN) for _ in range(self.number)]
        await asyncio.gather(*(self._hold(channels[n % self.number], _SILENT[n % 3]) for n in range(HELD)))

    async def trickle(self) -> None:
        """Uploads that never end."""
        await asyncio.gather(*(self._again(self._upload_slowly) for _ in range(self.number)))

    async def stars(self) -> None:
        """Geometries that take work."""
        seeds = itertools.count()
        await asyncio.gather(*(self._again(self._upload, seeds) for _ in range(self.number)))

    async def retry(self) -> None:
        """Questions without a pause."""
        await asyncio.gather(*(self._again(self._describe) for _ in range(self.number)))

    async def _hold(self, channel: grpc.aio.Channel, method: str) -> None:
        while self.goes_on:
            self._next = max(self._next + 1 / MOST_A_SECOND, time.monotonic())
            await asyncio.sleep(self._next - time.monotonic())
            call = channel.stream_unary(f"/{method}")(timeout=max(0.1, self.until - time.monotonic()))
            self.ended[(await call.code()).name] += 1

    async def _again(self, work, *given) -> None:
        async with grpc.aio.insecure_channel(self.target, _OWN) as channel:
            stub = pb_grpc.SurrogateStub(channel)
            while self.goes_on:
                try:
                    await work(stub, *given)
                    self.ended["OK"] += 1
                except grpc.aio.AioRpcError as error:
                    self.ended[error.code().name] += 1

    async def _upload_slowly(self, stub: pb_grpc.SurrogateStub) -> None:
        async def requests() -> AsyncIterator[pb.EncodeRequest]:
            yield pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=1 << 20))
            while self.goes_on:
                await asyncio.sleep(1)
                yield pb.EncodeRequest(chunk=b"x")

        await stub.Encode(requests(), metadata=self.metadata)

    async def _upload(self, stub: pb_grpc.SurrogateStub, seeds: itertools.count) -> None:
        data = star(next(seeds))
        chunks = [pb.EncodeRequest(chunk=data[first : first + (1 << 20)]) for first in range(0, len(data), 1 << 20)]
        header = pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(data)))
        await stub.Encode(iter([header, *chunks]), metadata=self.metadata, timeout=60)

    async def _describe(self, stub: pb_grpc.SurrogateStub) -> None:
        await stub.Describe(pb.DescribeRequest(), metadata=self.metadata, timeout=60)


def main(what: str, target: str, number: str, seconds: str, token: str = "") -> None:
    """The command line."""

    async def attack() -> Counter[str]:
        metadata = [("authorization", f"Bearer {token}")] if token else []
        begun = Attack(target, int(number), float(seconds), metadata)
        try:
            async with asyncio.timeout(float(seconds) + 5):
                await getattr(begun, what)()
        except TimeoutError:
            begun.ended["still open"] += 1
        return begun.ended

    print(json.dumps(asyncio.run(attack())))


if __name__ == "__main__":
    main(*sys.argv[1:])
