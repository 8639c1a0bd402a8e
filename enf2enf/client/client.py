"""The client for threads."""

import time
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, NoReturn, Self, TypeVar

import grpc

from enf2enf.at import At
from enf2enf.client import connection
from enf2enf.client.calls import Calls
from enf2enf.client.replies import ModelVersion, RemoteShape
from enf2enf.client.requests import Upload
from enf2enf.client.retry import Retry
from enf2enf.client.steps import Pause, Rpc, Steps, T
from enf2enf.conditions import Conditions
from enf2enf.description import Description
from enf2enf.geometry import Geometry
from enf2enf.io.accept import MeshLike
from enf2enf.prediction import OnProgress, Prediction

_USUAL = Retry()
E = TypeVar("E", bound=Exception)


class Client:
    """A connection to a server of `enf2enf serve`, for `with`; safe to share between threads.

    Whatever the server refuses is raised as the library's own error, as if the call had been local; its `__cause__`, a
    `grpc.RpcError`, has the status. Any other failure is a `ServiceError`, which names the request as the server's log
    does.

    Args:
        target: `host:port`; reached through the proxy that the environment names for gRPC, but for this machine itself.
        timeout: deadline of every call in seconds, its repetitions included. None: 30 s, and 1 s for every 20,000
            points asked and for every megabyte that is or may have to be sent; 300 s to load a model.
        credentials: of the channel; None for plain text. See also `Client.secure`.
        token: a bearer token, sent with every call, over plain text too: often a proxy ends TLS before the server.
        retry: how calls are tried again; `Retry(attempts=1)` for never.

    Raises:
        ConfigError: an option that is none, such as a token that cannot be sent.
    """

    def __init__(
        self,
        target: str,
        *,
        timeout: float | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        token: str | None = None,
        retry: Retry = _USUAL,
    ):
        self.target, self.timeout = connection.checked_target(target), connection.checked_timeout(timeout)
        self._calls = Calls(connection.named(target), timeout, connection.checked_token(token), retry)
        self._channel, self._closed = connection.opened(grpc, target, credentials), False
        self._stubs = connection.Stubs(self._channel)

    @classmethod
    def secure(
        cls,
        target: str,
        *,
        ca: connection.PathLike | None = None,
        certificate: connection.PathLike | None = None,
        key: connection.PathLike | None = None,
        **options: Any,
    ) -> Self:
        """A client over TLS, with credentials from PEM files.

        Args:
            target: `host:port`; the server's certificate must be for this host.
            ca: certificates that the server's must be signed by; None: the public ones that gRPC ships with.
            certificate, key: of this client, for servers that ask for them (mutual TLS); both or neither.
            options: as the class takes them.

        Raises:
            ConfigError: a file that cannot be read, or a certificate without its key.
        """
        return cls(target, credentials=connection.tls(ca, certificate, key), **options)

    def __repr__(self) -> str:
        return f"Client({self.target})"

    def __reduce__(self) -> NoReturn:
        raise connection.unpicklable()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; calls that are running end with a `ServiceError`."""
        self._closed = True
        self._channel.close()

    def ready(self, model: str = "") -> bool:
        """Whether the server serves, and is not still warming up; waits for it to be there, at most the timeout.

        Args:
            model: whether this one serves, too.
        """
        return self._run(self._calls.ready(model))

    def describe(self, model: str = "", version: int = 0) -> Description:
        """A model and the server's limits.

        Args:
            model: its name; empty: the only one.
            version: 0: the newest one that serves.

        Raises:
            QueryError: there is no such model.
            ServiceError: the network, the deadline or the server failed.
        """
        return self._run(self._calls.describe(model, version))

    @property
    def card(self) -> Mapping[str, Any]:
        """The model card of the only model."""
        return self.describe().card

    def models(self) -> tuple[ModelVersion, ...]:
        """All models and versions of the server, loaded or not."""
        return self._run(self._calls.models())

    def load_model(self, model: str, version: int = 0) -> ModelVersion:
        """Loads a version beside those that serve, or again if its file has changed; returns when it serves.

        Args:
            model: its name.
            version: 0: the newest one that is there.

        Raises:
            ServiceError: the token is not an admin's, or the network, the deadline or the server failed.
        """
        return self._run(self._calls.load_model(model, version))

    def unload_model(self, model: str, version: int = 0) -> tuple[ModelVersion, ...]:
        """Takes a version (0: all of them) out of service; calls in progress end as they would have.

        Raises:
            ServiceError: as `load_model`.
        """
        return self._run(self._calls.unload_model(model, version))

    def encode(
        self,
        mesh: MeshLike | Geometry,
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
        model: str = "",
        version: int = 0,
    ) -> RemoteShape:
        """Uploads a mesh; the server encodes its geometry.

        Args:
            mesh: a `Geometry`; or a file's path, its bytes, a `Mesh`, one of pyvista, or closed curves. Whether the
                domain goes on beyond an outer boundary is for the model to say: a `Geometry` is sent as curves.
            name: file name or format, where the path does not say it.
            walls: patches that are walls; empty: inner loops. Ignored for a `Geometry`, which has its own.
            symmetry: patches in planes of symmetry, of which the mesh is one side: the geometry, its walls and bounds
                are those of the whole, as if it had been given. Of a `Geometry`, none.
            length_unit: of the coordinates: m, cm, mm, um, km, in or ft. A `Geometry` is in metres.
            model: name of the model; empty: the only one.
            version: of the model; 0: the newest one that serves.

        Raises:
            MeshError: it cannot be read.
            GeometryError: it is no geometry of the kind that the model knows.
            QueryError: it is larger than the server accepts, or there is no such model.
            ServiceError: the network, the deadline or the server failed.
        """
        made = self._calls.encode(lambda: Upload.of(mesh, name, walls, symmetry, length_unit, model, version))
        return self._run(made)

    def decode(
        self, shape: RemoteShape, conditions: Conditions, at: At = "nodes", *, progress: OnProgress | None = None
    ) -> Prediction:
        """The fields of an encoded shape; sends its mesh again, once a call, if the server has dropped it.

        A mesh that is sent again goes to the model of the same name, in the version that was given to `encode`, else in
        the newest one; `shape.version` of the answer says which.

        Args:
            shape: from `encode`.
            conditions: name -> number, or one number per dimension for a vector, or its magnitude and angle.
            at: points (points, dim) in metres, a `Grid`, `Line` or `Slice`, `"nodes"` of the mesh, or `"wall"`.
            progress: called with (points that are there, points in all) as they come; starts over where the line broke.

        Raises:
            ConditionError: unknown, missing or non-finite conditions, or such as a plane of symmetry excludes.
            QueryError: points that are none, or more than the server accepts.
            ServiceError: the network, the deadline or the server failed.
        """
        return self._run(self._calls.decode(shape, [conditions], at, progress))[0]

    def predict_many(
        self,
        shape: RemoteShape,
        conditions: Sequence[Conditions],
        at: At = "nodes",
        *,
        progress: OnProgress | None = None,
    ) -> list[Prediction]:
        """The fields of an encoded shape under many conditions, such as a polar, in one call. Raises as `decode`."""
        return self._run(self._calls.decode(shape, conditions, at, progress))

    def predict(
        self,
        mesh: MeshLike | Geometry,
        conditions: Conditions,
        at: At = "nodes",
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
        model: str = "",
        version: int = 0,
        progress: OnProgress | None = None,
    ) -> Prediction:
        """`encode` and `decode` in one call."""
        made = self._calls.predict(
            lambda: Upload.of(mesh, name, walls, symmetry, length_unit, model, version), conditions, at, progress
        )
        return self._run(made)[0]

    def _run(self, steps: Steps[T]) -> T:
        failure = None
        while True:
            try:
                step = steps.send(failure)
            except StopIteration as end:
                return end.value
            failure = self._take(step)

    def _take(self, step: Rpc | Pause) -> grpc.RpcError | None:
        if isinstance(step, Pause):
            return time.sleep(step.seconds)
        method = attrgetter(step.method)(self._stubs)
        try:
            replies = method(step.requests(), **step.options)
        except grpc.RpcError as error:
            return self._failed(error)
        except ValueError as error:  # as gRPC says that a channel is closed
            raise self._failed(error) from None
        return self._receive(replies, step) if step.streamed else step.receive(replies)

    def _receive(self, replies: Any, step: Rpc) -> grpc.RpcError | None:
        try:
            while True:
                try:
                    reply = next(replies)
                except StopIteration:
                    return None
                except grpc.RpcError as error:
                    return self._failed(error)
                step.receive(reply)  # may raise whatever it likes
        finally:
            replies.cancel()  # has an effect only where `receive` has raised

    def _failed(self, error: E) -> E:
        """The error of a call. Raises `ServiceError` where this client was closed meanwhile."""
        if self._closed:
            raise connection.closed() from error
        return error
