"""What a server refuses besides the library's own errors; `gate.status` has the gRPC status of each."""

from typing import Self

from enf2enf import errors


class StreamError(errors.QueryError):
    """Messages that are malformed or in the wrong order."""


class LimitError(errors.QueryError):
    """A request that is larger than this server accepts."""


class FullError(LimitError):
    """One request too many for now: the same one may be answered a little later."""


class CrowdError(FullError):
    """One call too many of those that have not begun."""


class HandleError(errors.QueryError):
    """A handle that this server does not hold (any more)."""


class ModelError(errors.QueryError):
    """A model or a version that this server does not have, or cannot load."""


class GoneError(errors.ServiceError):
    """The client has left, or its deadline has passed."""


class IdleError(GoneError):
    """The client neither sends nor takes what the call is about."""


class StoppingError(errors.ServiceError):
    """The server starts or stops: another server, or this one a little later, may answer."""

    @classmethod
    def now(cls) -> Self:
        """A server that stops before a call is answered, or answered in full."""
        return cls("server", "time for a whole answer", "its stop; try again")


class StartingError(StoppingError):
    """A server, or a model of it, that is a little later there."""


class UnknownServiceError(errors.ServiceError):
    """A service whose health is not known."""


class AccessError(errors.ServiceError):
    """A call without a token that this server knows."""


class RightsError(errors.ServiceError):
    """A call that its token does not permit."""
