"""What carries a call."""

from collections.abc import Sequence
from typing import Any, Protocol

import grpc


class Transport(Protocol):
    """What a call needs of gRPC's context, for whatever else carries calls."""

    def peer(self) -> str:
        """The connection, or whoever is to be counted for it."""
        ...

    def invocation_metadata(self) -> Any:
        """Pairs that came before the first message."""
        ...

    def set_trailing_metadata(self, trailing_metadata: Sequence[tuple[str, str]]) -> None:
        """Pairs that the answer is to carry."""
        ...

    def trailing_metadata(self) -> Any:
        """Those that were set."""
        ...

    async def read(self) -> Any:
        """The next message, or the end of them."""
        ...

    async def write(self, message: bytes) -> None:
        """Sends the next part of the answer."""
        ...

    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Any) -> None:
        """Ends the call with a status."""
        ...
