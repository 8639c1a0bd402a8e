"""Tensors of the Open Inference Protocol: their declarations, and the elements that a request sends."""

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from enf2enf.errors import QueryError
from enf2enf_protos import open_inference_pb2 as oip

_CONTENTS = {"FP64": "fp64_contents", "BYTES": "bytes_contents"}
_LENGTH = 4  # bytes of the length before each element of a raw BYTES tensor

Values = np.ndarray | list[bytes]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """A tensor that a model takes or gives.

    Args:
        name: its name.
        datatype: FP64, FP32 or BYTES.
        shape: its sizes; -1 for any.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]

    def metadata(self) -> oip.ModelMetadataResponse.TensorMetadata:
        """As a client reads it."""
        return oip.ModelMetadataResponse.TensorMetadata(name=self.name, datatype=self.datatype, shape=self.shape)

    def read(self, sent: oip.ModelInferRequest.InferInputTensor, raw: bytes | None) -> Values:
        """The elements that were sent: an array of FP64, or a list of BYTES.

        Args:
            sent: the message.
            raw: its raw bytes; None where its elements are in `sent.contents`.

        Raises:
            QueryError: another datatype or shape than declared, or another number of elements than its shape says.
        """
        _refuse_parameters(sent.parameters, self._place)
        shape = tuple(sent.shape)
        if sent.datatype != self.datatype or not self._admits(shape):
            raise QueryError(self._place, f"{self.datatype} of shape {self._shape}", f"{sent.datatype} {shape}")
        count = math.prod(shape)
        if raw is None:
            self._check_typed(sent.contents, count)
        if self.datatype == "BYTES":
            return list(sent.contents.bytes_contents) if raw is None else self._split(raw, count)
        numbers = list(sent.contents.fp64_contents) if raw is None else self._numbers(raw, count)
        return np.array(numbers, "<f8").reshape(shape)

    @property
    def _place(self) -> str:
        return f"input {self.name!r}"

    @property
    def _shape(self) -> str:
        sizes = ["n" if size == -1 else str(size) for size in self.shape]
        return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"

    def _admits(self, shape: tuple[int, ...]) -> bool:
        pairs = zip(self.shape, shape, strict=False)
        return len(shape) == len(self.shape) and all(got >= 0 and size in (-1, got) for size, got in pairs)

    def _check_typed(self, contents: oip.InferTensorContents, count: int) -> None:
        right = _CONTENTS[self.datatype]
        wrong = [field.name for field, _ in contents.ListFields() if field.name != right]
        given = len(getattr(contents, right))
        if wrong or given != count:
            found = " and ".join([f"{given} in {right}", *wrong])
            raise QueryError(self._place, f"{count} elements in {right}, or raw_input_contents", found)

    def _numbers(self, raw: bytes, count: int) -> np.ndarray:
        if len(raw) != 8 * count:
            raise QueryError(self._place, f"{8 * count} raw bytes ({count} FP64)", f"{len(raw)}")
        return np.frombuffer(raw, "<f8")

    def _split(self, raw: bytes, count: int) -> list[bytes]:
        elements, first = [], 0
        while first + _LENGTH <= len(raw) and len(elements) < count:
            end = first + _LENGTH + int.from_bytes(raw[first : first + _LENGTH], "little")
            elements.append(raw[first + _LENGTH : end])
            first = end
        if first != len(raw) or len(elements) != count:
            expected = f"{count} elements in raw bytes, each behind its length in {_LENGTH} bytes"
            raise QueryError(self._place, expected, f"{len(raw)} bytes that are not these")
        return elements


def length_prefixed(elements: Iterable[bytes]) -> bytes:
    """Raw bytes of a BYTES tensor: every element behind its length."""
    return b"".join(len(element).to_bytes(_LENGTH, "little") + element for element in elements)


def read_inputs(request: oip.ModelInferRequest, declared: Mapping[str, Tensor]) -> dict[str, Values]:
    """The elements of every input, by its name.

    Raises:
        QueryError: an input that is not declared, is there twice or is not what was declared; raw contents that
            are not one for each input, or stand beside typed ones.
    """
    _check_names("input", [sent.name for sent in request.inputs], declared)
    raw: Sequence[bytes | None] = request.raw_input_contents or [None] * len(request.inputs)
    if len(raw) != len(request.inputs):
        raise QueryError("raw_input_contents", f"{len(request.inputs)}, one for each input", str(len(raw)))
    if request.raw_input_contents and (typed := [sent.name for sent in request.inputs if sent.HasField("contents")]):
        raise QueryError(f"input {typed[0]!r}", "no contents beside raw_input_contents", "contents")
    return {sent.name: declared[sent.name].read(sent, data) for sent, data in zip(request.inputs, raw, strict=True)}


def read_outputs(request: oip.ModelInferRequest, declared: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Names of the outputs that are wanted, in the order of the answer; all where none is named.

    Raises:
        QueryError: an output that is not declared, is there twice or has parameters.
    """
    names = [wanted.name for wanted in request.outputs]
    _check_names("output", names, declared)
    for wanted in request.outputs:
        _refuse_parameters(wanted.parameters, f"output {wanted.name!r}")
    return tuple(names or declared)


def _check_names(kind: str, names: Sequence[str], declared: Mapping[str, Tensor]) -> None:
    named: set[str] = set()
    for name in names:
        if name not in declared:
            raise QueryError(f"{kind} {name[:80]!r}", f"one of {', '.join(declared)}", "one that is unknown")
        if name in named:
            raise QueryError(f"{kind} {name!r}", "once", "twice")
        named.add(name)


def _refuse_parameters(parameters: Mapping[str, oip.InferParameter], place: str) -> None:
    if parameters:
        raise QueryError(place, "no parameters", ", ".join(sorted(parameters)))
