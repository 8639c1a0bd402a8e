"""What is asked over HTTP: parameters of an address, and JSON, as the library's types."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from enf2enf.at import NAMES, At
from enf2enf.client.requests import Question, message
from enf2enf.conditions import Conditions, given
from enf2enf.errors import ConditionError, MeshError, QueryError, check_keys
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.plain import is_number, is_whole, one_line, shown
from enf2enf.slice import Slice
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute.cache import EncodedShape
from enf2enf_server.ops.errors import LimitError

Parameters = Sequence[tuple[str, str]]
MODEL = ("model", "version")
_REPEATED = ("wall", "symmetry")
MESH = ("name", *_REPEATED, "length_unit", *MODEL)
_PLACES = {"grid": (Grid, {"lower", "upper", "resolution"}, set()),
           "line": (Line, {"start", "end"}, {"count"}),
           "slice": (Slice, {"axis", "value"}, {"count"})}  # fmt: skip
_EXPECTED = f"points, {', '.join(map(repr, NAMES))}, or a table of one of {', '.join(_PLACES)}"
_MOST = (1 << 63) - 1
_LISTS = dict.fromkeys(("lower", "upper", "start", "end"), ("numbers", is_number)) | {
    "resolution": ("whole numbers", lambda number: is_whole(number, 0, _MOST))
}


def options(parameters: Parameters, known: Sequence[str]) -> dict[str, list[str]]:
    """Their values by name. Raises `QueryError` where one is unknown, or given twice."""
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "none"
            raise QueryError(f"parameter {shown(name)}", expected, "one that is unknown")
        if name in values and name not in _REPEATED:
            raise QueryError(f"parameter {name!r}", "one value", "two")
        values.setdefault(name, []).append(value)
    return values


def describe_request(given: Mapping[str, list[str]]) -> pb.DescribeRequest:
    """Which model is meant. Raises `QueryError` where the version is none."""
    return message(pb.DescribeRequest, **_model(given))


def mesh_header(given: Mapping[str, list[str]], size: int) -> pb.MeshHeader:
    """How a file of so many bytes is to be read. Raises `MeshError` or `QueryError` where that is not said."""
    if not (name := _text(given, "name")):
        raise MeshError("name", "the file name or format of these bytes", "none")
    patches = {"walls": given.get("wall", []), "symmetry": given.get("symmetry", [])}
    length_unit = _text(given, "length_unit")
    return message(pb.MeshHeader, name=name, size=size, length_unit=length_unit, **patches, **_model(given))


def _model(given: Mapping[str, list[str]]) -> dict[str, Any]:
    version = _text(given, "version") or "0"
    if not (version.isascii() and version.isdigit() and len(version) < 19):
        raise QueryError("version", "a whole number, or none for the newest", shown(version))
    return {"model": _text(given, "model"), "version": int(version)}


def _text(given: Mapping[str, list[str]], name: str) -> str:
    return given[name][0] if name in given else ""


def parsed(name: str, text: bytes | bytearray | str) -> Any:
    """What JSON says. Raises `QueryError` about `name` where it is none, or has a key twice."""
    try:
        plain = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise QueryError(name, "JSON", str(error)) from None
    _check_keys_differ(name, text)
    return plain


def _check_keys_differ(name: str, text: bytes | bytearray | str) -> None:
    """Raises `QueryError` where JSON has a key twice, of which orjson takes the last."""

    def differ(pairs: list[tuple[str, Any]]) -> None:
        names = [key for key, _ in pairs]
        if len(set(names)) < len(names):
            raise QueryError(name, "every key once", f"{as_json(max(names, key=names.count))} twice")

    try:
        json.loads(text, object_pairs_hook=differ, parse_int=str, parse_float=str)
    except RecursionError:
        raise QueryError(name, "JSON of fewer lists within lists", "too many") from None


def check_table(name: str, plain: Any) -> None:
    """Raises `QueryError` about `name` where JSON said no table."""
    if not isinstance(plain, dict):
        raise QueryError(name, "a table", as_json(plain))


def as_json(plain: Any) -> str:
    """The beginning of what JSON said, as a sentence shows it."""
    return one_line(" ".join(orjson.dumps(plain).decode().split())[:80])


@dataclasses.dataclass(frozen=True)
class JsonQuestion:
    """A question about a shape that is yet to be found.

    Args:
        conditions: one table of them or more.
        at: the place.
        is_list: whether conditions came as a list, and answers are to go so.
    """

    conditions: Sequence[Conditions]
    at: At
    is_list: bool

    @classmethod
    def of(cls, conditions: Any, at: Any) -> "JsonQuestion":
        """From plain data. Raises `ConditionError` or `QueryError`."""
        is_list = isinstance(conditions, list)
        tables = conditions if is_list else [conditions]
        if not tables or not all(isinstance(table, dict) for table in tables):
            raise ConditionError("conditions", "a table of name = value, or a list of such tables", as_json(conditions))
        return cls(tables, _place(at), is_list)

    @classmethod
    def of_parameters(cls, given: Mapping[str, list[str]]) -> "JsonQuestion":
        """From the address, where a place that is named needs no quotes."""
        at = _text(given, "at") or "nodes"
        if not at.isidentifier():
            at = parsed("at", at)
        elif at not in NAMES:
            raise QueryError("at", _EXPECTED, shown(at))
        return cls.of(parsed("conditions", _text(given, "conditions") or "{}"), at)

    def about(self, shape: EncodedShape, most: int) -> Question:
        """The question, as clients ask it.

        Raises:
            LimitError: about more points than `most`.
            ConditionError: values that are no numbers, or with units.
            QueryError: no points, or not of the shape's dimension.
        """
        schema = shape.model.surrogate.schema
        units = {quantity.name: quantity.unit for quantity in schema.conditions}
        for name, value in (pair for table in self.conditions for pair in table.items()):
            given(name, value, units.get(name, ""))  # which names the unit that is wanted
        self._admit(_planned(self.at, schema.dim), most)
        question = Question.of(self.conditions, self.at, np.array(shape.mesh.geometry.reach))
        self._admit(question.count_of(len(shape.nodes), [shape.wall_sides]), most)
        return question

    def _admit(self, points: int, most: int) -> None:
        if points * len(self.conditions) > most:
            raise LimitError("query", f"at most {most} points over HTTP", f"{points * len(self.conditions)} points")


def _planned(at: At, dim: int) -> int:
    """Points of a place that says how many there are, before anybody makes them."""
    if isinstance(at, Slice):
        return at.count ** (dim - 1)
    return at.count if isinstance(at, Grid | Line) else 0


def _place(at: Any) -> At:
    """A name, points, or a table of one place. Raises `QueryError` for anything else."""
    if isinstance(at, str | list):
        return at
    if not isinstance(at, dict) or len(at) != 1 or not at.keys() <= _PLACES.keys():
        raise QueryError("at", _EXPECTED, as_json(at))
    ((name, table),) = at.items()
    kind, required, optional = _PLACES[name]
    check_table(name, table)
    check_keys(QueryError, name, table, required, optional)
    for key in (key for key in table if key in _LISTS):
        what, fits = _LISTS[key]
        if not isinstance(table[key], list) or not all(map(fits, table[key])):
            raise QueryError(f"{key} of the {name}", f"a list of {what}", as_json(table[key]))
    return kind(**table)
