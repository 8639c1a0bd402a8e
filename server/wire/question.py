"""A request of the Open Inference Protocol as messages of `surrogate.proto`."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from enf2enf.errors import QueryError
from enf2enf_protos import open_inference_pb2 as oip
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.resolved_query import Points
from enf2enf_server.wire.stream import points_of
from enf2enf_server.wire.tensor import Tensor, Values, read_inputs, read_outputs

_OPTIONS = ("length_unit", "walls", "symmetry")
_KINDS = pb.Quantity


@dataclasses.dataclass(frozen=True)
class Signature:
    """The tensors of a model.

    Args:
        inputs: those that it takes, by name.
        outputs: those that it gives, by name.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    @classmethod
    def of(cls, described: pb.DescribeResponse) -> "Signature":
        """The tensors of a model that is described. Raises `QueryError` where two would have the same name."""
        handle = Tensor("handle", "BYTES", (1,))
        geometry = [handle, Tensor("mesh", "BYTES", (1,)), Tensor("mesh_name", "BYTES", (1,))]
        points = Tensor("points", "FP64", (-1, described.dim))
        conditions = [Tensor(q.name, "FP64", _vector(q, described.dim) or (1,)) for q in described.conditions]
        inputs = {tensor.name: tensor for tensor in (*geometry, points, *conditions)}
        fields = [q for q in described.fields if q.on != pb.Quantity.ON_WALL]
        outputs = {q.name: Tensor(q.name, "FP32", (-1, *_vector(q, described.dim))) for q in fields}
        if len(inputs) < len(geometry) + 1 + len(conditions) or handle.name in outputs:
            reserved = "handle, mesh, mesh_name or points"
            raise QueryError(f"model {described.name!r}", f"no quantity named {reserved}", "one; ask by Surrogate")
        return cls(inputs, outputs | {handle.name: handle})

    def bytes_a_point(self, names: Iterable[str]) -> int:
        """Size of the values of these outputs at one point."""
        return sum(4 * math.prod(self.outputs[name].shape[1:]) for name in names if name != "handle")


@dataclasses.dataclass(frozen=True)
class InferenceQuestion:
    """What a `ModelInfer` request asks.

    Args:
        handle: the geometry's, if it was encoded before.
        header, mesh: the geometry's file, if it is to be encoded; else the header is None.
        query: conditions and target.
        sent: the points as they travel in `surrogate.proto`; empty where the nodes of the mesh are meant.
        outputs: names of the tensors that are wanted.
        encodes_only: a mesh alone was sent and its handle alone is wanted.
    """

    handle: str
    header: pb.MeshHeader | None
    mesh: bytes
    query: pb.Query
    sent: bytes
    outputs: tuple[str, ...]
    encodes_only: bool

    @classmethod
    def of(
        cls, request: oip.ModelInferRequest, described: pb.DescribeResponse, signature: Signature
    ) -> "InferenceQuestion":
        """The question of a request. Raises `QueryError` where it does not ask what the model can answer."""
        inputs, outputs = read_inputs(request, signature.inputs), read_outputs(request, signature.outputs)
        handle, header, mesh = _geometry(inputs, request, described)
        numbers = {name: values for name, values in inputs.items() if isinstance(values, np.ndarray)}
        query = pb.Query(conditions={
            q.name: pb.Condition(values=numbers[q.name].tolist()) for q in described.conditions if q.name in numbers
        })  # fmt: skip
        points = numbers.get("points")
        if points is None:
            query.mesh_nodes.SetInParent()
        else:
            query.explicit_points.CopyFrom(pb.ExplicitPoints(count=len(points), dim=described.dim))
        sent = b"" if points is None else points.tobytes()
        encodes_only = outputs == ("handle",) and set(inputs) == {"mesh", "mesh_name"}
        return cls(handle, header, mesh, query, sent, outputs, encodes_only)

    def count(self, nodes: int) -> int:
        """The number of points, where the mesh has so many nodes."""
        explicit = self.query.WhichOneof("target") == "explicit_points"
        return self.query.explicit_points.count if explicit else nodes

    def sample(self, handle: str) -> pb.SampleRequest:
        """All of it as Sample takes it."""
        return pb.SampleRequest(handle=handle, query=self.query, points=self.sent)

    def points(self, count: int, dim: int, size: int) -> Iterator[Points]:
        """The explicit points, `size` at a time."""
        points = points_of(self.sent, count, dim)
        return (points[first : first + size] for first in range(0, max(1, count), size))

    def none(self) -> None:
        """Points are sent only where they are asked about."""


def _geometry(
    inputs: Mapping[str, Values], request: oip.ModelInferRequest, described: pb.DescribeResponse
) -> tuple[str, pb.MeshHeader | None, bytes]:
    given = [name for name in ("handle", "mesh", "mesh_name") if name in inputs]
    options = _options(request.parameters)
    if given == ["handle"]:
        if options:
            raise QueryError(f"parameter {min(options)!r}", "a mesh that it says something of", "a handle")
        return _text(inputs, "handle"), None, b""
    if given != ["mesh", "mesh_name"]:
        raise QueryError("inputs", "either handle, or mesh and mesh_name", " and ".join(given) or "none of them")
    header = pb.MeshHeader(
        name=_text(inputs, "mesh_name"),
        size=len(inputs["mesh"][0]),
        **{kind: [patch for patch in options.get(kind, "").split(",") if patch] for kind in ("walls", "symmetry")},
        length_unit=options.get("length_unit", ""),
        model=described.name,
        version=described.version,
    )
    return "", header, inputs["mesh"][0]


def _options(parameters: Mapping[str, oip.InferParameter]) -> dict[str, str]:
    for name, parameter in parameters.items():
        if name not in _OPTIONS:
            raise QueryError(f"parameter {name[:80]!r}", f"one of {', '.join(_OPTIONS)}", "one that is unknown")
        if parameter.WhichOneof("parameter_choice") != "string_param":
            raise QueryError(f"parameter {name!r}", "a text", parameter.WhichOneof("parameter_choice") or "nothing")
    return {name: parameter.string_param for name, parameter in parameters.items()}


def _text(inputs: Mapping[str, Values], name: str) -> str:
    try:
        return inputs[name][0].decode()
    except UnicodeDecodeError:
        raise QueryError(f"input {name!r}", "a text in UTF-8", "other bytes") from None


def _vector(quantity: pb.Quantity, dim: int) -> tuple[int, ...]:
    """The axes of a quantity's components, none for a single number."""
    widths = {_KINDS.KIND_VECTOR: dim, _KINDS.KIND_PSEUDOVECTOR: dim, _KINDS.KIND_TENSOR: dim * (dim + 1) // 2}
    return (widths[quantity.kind],) if quantity.kind in widths else ()
