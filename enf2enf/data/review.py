"""What a careful colleague would say of a data set before anybody trains on it."""

import ast
import collections
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from enf2enf.data.case import identity
from enf2enf.data.dataset import Dataset
from enf2enf.data.trainable import check_case, check_extents, check_numbers
from enf2enf.dimensionless import Dimensionless
from enf2enf.errors import Enf2EnfError
from enf2enf.field import magnitude
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import TURNS, describe
from enf2enf.schema import Quantity

_FAR = 5.0  # spreads (from quartile to quartile) beyond the quartiles: 1 of 10^11 normal numbers
_RARE = 0.05  # of the cases: more are no outliers
FEW = 10
"""Cases of which quartiles say something; of fewer, only a number `HUGE` times as large as all others is odd."""
HUGE = 100.0
_PANELS = 128  # of the usual model
_NAMED = 5  # cases that a sentence names
_ALIKE = 1e-6  # of a number: rounding


@dataclasses.dataclass(frozen=True)
class Finding:
    """Something that was noticed.

    Args:
        must: whether it must be mended: the data set cannot be trained on, or would deceive.
        text: the sentence.
        cases: which it is about.
    """

    must: bool
    text: str
    cases: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers of a quantity over all cases: smallest, median of the cases' own means, largest.

    Args:
        quantity: a condition or a field; of a vector or tensor the magnitude is meant.
        low, middle, high: in its unit.
    """

    quantity: Quantity
    low: float
    middle: float
    high: float


@dataclasses.dataclass(frozen=True)
class Review:
    """All of it.

    Args:
        cases: how many could be read, by split.
        points: smallest and largest number of points with known fields.
        ranges: of conditions, then of fields.
        findings: those that must be mended first.
        shapes: the geometries, by case.
    """

    cases: Mapping[str, int]
    points: tuple[int, int]
    ranges: Sequence[Range]
    findings: Sequence[Finding]
    shapes: Mapping[str, Geometry]

    @property
    def is_sound(self) -> bool:
        """Whether nothing must be mended."""
        return not any(finding.must for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        ranges = {r.quantity.name: {"low": r.low, "median": r.middle, "high": r.high} for r in self.ranges}
        return {
            "cases": dict(self.cases),
            "points": list(self.points),
            "ranges": ranges,
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
        }


@dataclasses.dataclass(frozen=True)
class _Seen:
    """What is kept of a case; of every field the smallest, mean and largest number, as it is and dimensionless."""

    split: str
    geometry: Geometry
    described: Mapping[str, float]
    conditions: Mapping[str, float]
    fields: Mapping[str, tuple[float, float, float]]
    scaled: Mapping[str, tuple[float, float, float]]
    points: int
    outside: int
    key: str


def review(dataset: Dataset, progress: Callable[[str], None] = lambda case: None) -> Review:
    """Looks at every case of every split.

    Args:
        dataset: the data set.
        progress: called with every case before it is read.
    """
    seen: dict[str, _Seen] = {}
    broken = []
    for split, ids in dataset.split.items():
        for name in ids:
            progress(name)
            try:
                seen[name] = _look(dataset, split, name)
            except Enf2EnfError as error:
                broken.append(Finding(True, str(error), (name,)))
    findings = [*broken, *_findings(dataset, seen)] if seen else broken
    counts = collections.Counter(case.split for case in seen.values())
    points = [case.points for case in seen.values()] or [0]
    return Review(
        {split: counts[split] for split in dataset.split},
        (min(points), max(points)),
        list(_ranges(dataset, seen)) if seen else [],
        sorted(findings, key=lambda finding: not finding.must),
        {name: case.geometry for name, case in seen.items()},
    )


def _look(dataset: Dataset, split: str, name: str) -> _Seen:
    case, schema = dataset.case(name), dataset.schema
    check_case(case, schema)
    row = schema.condition_columns.join(case.conditions, 1)[0]
    known = {**case.solution.values, **({} if case.wall is None else case.wall.values)}
    length, scaled = schema.length or case.geometry.extent, {}
    under = Dimensionless(schema, length, row)
    for field, part in zip(schema.fields, schema.field_columns.slices, strict=True):
        values = np.full((len(known[field.name]), schema.field_width), np.nan)
        values[:, part] = np.reshape(known[field.name], (len(values), -1))
        check_numbers(f"case {name!r}", schema, length, row, values)
        scaled[field.name] = _ends(under.forward(values)[:, part])
    return _Seen(
        split,
        case.geometry,
        describe(case.geometry, schema.length or 1.0)[0],
        {name: magnitude(np.atleast_2d(value))[0] for name, value in case.conditions.items()},
        {name: _ends(values) for name, values in known.items()},
        scaled,
        len(case.solution.points),
        int((~case.geometry.contains(case.solution.points)).sum()),
        identity(case.geometry, case.conditions),
    )


def _ends(values: np.ndarray) -> tuple[float, float, float]:
    sizes = magnitude(values)
    return float(sizes.min()), float(sizes.mean()), float(sizes.max())


def _ranges(dataset: Dataset, seen: Mapping[str, _Seen]) -> Iterator[Range]:
    for quantity in dataset.schema.conditions:
        values = [case.conditions[quantity.name] for case in seen.values()]
        yield Range(quantity, float(min(values)), float(np.median(values)), float(max(values)))
    for quantity in dataset.schema.fields:
        low, mean, high = np.array([case.fields[quantity.name] for case in seen.values()]).T
        yield Range(quantity, float(low.min()), float(np.median(mean)), float(high.max()))


def _findings(dataset: Dataset, seen: Mapping[str, _Seen]) -> Iterator[Finding]:
    names = list(seen)
    try:
        check_extents(names, [case.geometry.extent for case in seen.values()])
    except Enf2EnfError as error:
        yield Finding(True, str(error), (ast.literal_eval(error.name.removeprefix("case ")),))
    yield from _twice(seen)
    for quantity in dataset.schema.conditions:
        values = np.array([case.conditions[quantity.name] for case in seen.values()])
        if len(names) > 1 and quantity.is_single and not np.ptp(values):
            yield Finding(False, f"{quantity.name}: expected numbers that differ, got {values[0]:.6g} in all cases")
        yield from _outliers(quantity.name, quantity.unit, values, names)
    for quantity in dataset.schema.fields:
        ends = np.array([case.fields[quantity.name] for case in seen.values()])
        flat = [name for name, (low, _, high) in zip(names, ends, strict=True) if low == high]
        if flat:
            yield _about(False, f"{quantity.name}: expected a field that varies, got one number all over in", flat)
        ends = np.array([case.scaled[quantity.name] for case in seen.values()])
        for end, column in (("smallest", 0), ("largest", 2)):
            yield from _outliers(f"{end} {quantity.name}, dimensionless", "", ends[:, column], names)
    yield from _shapes(seen)


def _twice(seen: Mapping[str, _Seen]) -> Iterator[Finding]:
    groups: dict[str, list[str]] = {}
    for name, case in seen.items():
        groups.setdefault(case.key, []).append(name)
    for group in groups.values():
        if len(group) > 1:
            splits = sorted({seen[name].split for name in group})
            where = f"in the splits {' and '.join(splits)}" if len(splits) > 1 else f"in the {splits[0]} split"
            yield _about(
                len(splits) > 1, f"cases: expected one of a shape under the same conditions, got {where}", group
            )


def _outliers(what: str, unit: str, values: np.ndarray, names: Sequence[str]) -> Iterator[Finding]:
    if np.isfinite(values).sum() < FEW:
        odd = _huge(values)
        low, high = np.nanquantile(np.delete(values, odd), [0.0, 1.0]) if odd else (0.0, 0.0)
    else:
        low, high = np.nanquantile(values, [0.25, 0.75])
        slack = max(_FAR * (high - low), _ALIKE * abs(high))
        odd = np.flatnonzero((values < low - slack) | (values > high + slack)).tolist()
    if 0 < len(odd) <= max(1, _RARE * len(values)):
        got = ", ".join(f"{values[k]:.4g}" for k in odd[:_NAMED])
        text = f"{what}: expected some {low:.4g} to {high:.4g}{unit and ' '}{unit} as in most cases, got {got} in"
        yield _about(False, text, [names[k] for k in odd])


def _huge(values: np.ndarray) -> list[int]:
    """The index of the one number over `HUGE` times as large as every other; none if the others are zeros or NaN."""
    sizes = np.abs(np.nan_to_num(values))
    *_, second, first = np.argsort(sizes).tolist() if len(sizes) > 2 else (0, 0)
    return [first] if sizes[first] > HUGE * sizes[second] > 0 else []


def _shapes(seen: Mapping[str, _Seen]) -> Iterator[Finding]:
    for name, case in seen.items():
        if case.outside:
            got = f"{case.outside} of {case.points} outside"
            yield Finding(False, f"case {name!r}: expected points in the domain, got {got}; they are left out", (name,))
    coarse = [name for name, case in seen.items() if case.geometry.plan(_PANELS).coarse]
    if coarse:
        yield _about(False, f"walls: expected enough of {_PANELS} panels on each, got a wall with few in", coarse)
    names = list(seen)
    for what in next(iter(seen.values())).described:
        if what not in TURNS:  # in frames that follow the conditions they say nothing
            yield from _outliers(
                f"{what} of the walls", "", np.array([case.described[what] for case in seen.values()]), names
            )


def _about(must: bool, text: str, cases: Sequence[str]) -> Finding:
    named = ", ".join(cases[:_NAMED]) + f", ... ({len(cases)} cases)" * (len(cases) > _NAMED)
    return Finding(must, f"{text} {named}", tuple(cases))
