"""What a server allows."""

import dataclasses

from enf2enf.errors import ConfigError

MESSAGE_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class ServerConfig:
    """Limits of a server. Whatever exceeds one is refused in a sentence that names the limit and the size.

    Args:
        mesh_bytes: largest uploaded mesh.
        mesh_nodes: most nodes of an uploaded mesh.
        points: most points of one query (explicit, nodes or grid).
        message_bytes: largest message that is received.
        concurrent_requests: requests worked on at once; one more is refused, not queued.
        cached_shapes: encoded geometries kept; the least recently used is dropped first.
        cached_bytes: memory that they may take together.

    Raises:
        ConfigError: a limit that is not a positive whole number, or messages too small for our own chunks.
    """

    mesh_bytes: int = 128 << 20
    mesh_nodes: int = 2_000_000
    points: int = 20_000_000
    message_bytes: int = 4 * MESSAGE_BYTES
    concurrent_requests: int = 32
    cached_shapes: int = 64
    cached_bytes: int = 1 << 30

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or value < 1:
                raise ConfigError(field.name, "a positive whole number", repr(value))
        if self.message_bytes < 2 * MESSAGE_BYTES:
            raise ConfigError("message_bytes", f"at least {2 * MESSAGE_BYTES}", str(self.message_bytes))
