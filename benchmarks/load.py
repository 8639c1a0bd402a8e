"""Many clients at once, from a process of their own: how many answers, and how long each took.

    python -m benchmarks.load TARGET HANDLE,HANDLE,... CLIENTS POINTS SECONDS [TOKEN]

The generated stubs are used as they are, so that what is measured is the server. Every client has its own connection,
and asks again as soon as it is answered. Prints JSON: answers per second, and the quantiles of their times in seconds.
"""

import asyncio
import json
import sys
import time

import grpc
import numpy as np

from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

_OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


async def ask(target: str, handle: str, points: np.ndarray, until: float, token: str) -> list[float]:
    """What every answer took one client, until a time of `time.perf_counter`."""
    query = pb.Query(explicit_points=pb.ExplicitPoints(count=len(points), dim=points.shape[1]))
    request = pb.SampleRequest(handle=handle, query=query, points=points.tobytes())
    times, metadata = [], [("authorization", f"Bearer {token}")] if token else []
    async with grpc.aio.insecure_channel(target, _OWN_CONNECTION) as channel:
        stub = pb_grpc.SurrogateStub(channel)
        while (start := time.perf_counter()) < until:
            await stub.Sample(request, timeout=60, metadata=metadata)
            times.append(time.perf_counter() - start)
    return times


async def all_of(
    target: str, handles: list[str], clients: int, count: int, seconds: float, token: str = ""
) -> dict[str, float]:
    """All clients together."""
    random, until = np.random.default_rng(0), time.perf_counter() + seconds
    asking = [
        ask(target, handles[client % len(handles)], random.uniform(0, 1, (count, 2)), until, token)
        for client in range(clients)
    ]
    times = np.concatenate(await asyncio.gather(*asking))
    median, late = np.quantile(times, [0.5, 0.99])
    return {"rate": len(times) / seconds, "p50": median, "p99": late}


if __name__ == "__main__":
    where, names, clients, points, length, *secret = sys.argv[1:]
    seen = asyncio.run(all_of(where, names.split(","), int(clients), int(points), float(length), *secret))
    print(json.dumps(seen))
