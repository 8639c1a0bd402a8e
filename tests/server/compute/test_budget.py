"""The memory of uploads: never more than the limit together, always given back."""

import contextlib
import threading
from collections import Counter

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pools import until

from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.budget import Budget
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import FullError, LimitError

SIZES = st.lists(st.integers(0, 30), max_size=5)


@given(limit=st.integers(1, 50), takes=st.lists(SIZES, max_size=4))
def test_shares_never_hold_more_than_the_budget(limit, takes):
    budget = Budget(limit, share=int)

    def nested(rest):
        if not rest:
            return
        with budget.share() as share:
            for count in rest[0]:
                before = budget.used
                if before + count <= limit:
                    share.take(count)
                    assert budget.used == before + count
                else:
                    with pytest.raises(LimitError, match=f"uploads: expected at most {limit} bytes"):
                        share.take(count)
                    assert budget.used == before
            nested(rest[1:])

    nested(takes)
    assert budget.used == 0


@given(limit=st.integers(4, 50), takes=st.lists(st.tuples(st.sampled_from(["", "a", "b"]), SIZES), max_size=6))
def test_no_caller_holds_more_than_its_part(limit, takes):
    """The empty name is nobody's, and bounded by the whole alone."""
    budget, held = Budget(limit, share=lambda whole: whole // 2), Counter()
    with contextlib.ExitStack() as stack:
        for owner, sizes in takes:
            share = stack.enter_context(budget.share(owner))
            for size in sizes:
                room = limit - held.total(), limit // 2 - held[owner] if owner else limit
                with contextlib.nullcontext() if size <= min(room) else pytest.raises(FullError, match="bytes of "):
                    share.take(size)
                    held[owner] += size
            assert budget.used == held.total()
    assert budget.used == 0


def test_uploads_share_their_memory(surrogate, vtu):
    """A second upload is refused while a first one holds the room, and let in afterwards."""
    hold = threading.Event()

    def waiting():
        yield pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu)))
        yield pb.EncodeRequest(chunk=vtu[:-1])
        hold.wait(20)
        yield pb.EncodeRequest(chunk=vtu[-1:])

    def whole():
        return iter([pb.EncodeRequest(header=pb.MeshHeader(name="vtu", size=len(vtu))), pb.EncodeRequest(chunk=vtu)])

    server, port = create_server(surrogate, ServerConfig(upload_bytes=len(vtu) + 10, parsers=1))
    server.start().result()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = pb_grpc.SurrogateStub(channel)
        first = stub.Encode.future(waiting(), timeout=30)
        until(lambda: server.engine.uploads.used == len(vtu) - 1)
        with pytest.raises(grpc.RpcError) as caught:
            stub.Encode(whole(), timeout=30)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert caught.value.details().startswith("uploads: expected at most")
        assert "try again" in caught.value.details()
        hold.set()
        assert first.result().nodes == 224
        assert stub.Encode(whole(), timeout=30).nodes == 224
        until(lambda: server.engine.uploads.used == 0)
    server.stop()
