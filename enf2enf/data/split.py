"""Which cases train, which choose, which calibrate, which are read once; and a hash that says so."""

import collections
import hashlib
import itertools
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from enf2enf.errors import DatasetError
from enf2enf.plain import shown

SPLITS = ("train", "validation", "calibration", "test")
"""`calibration` cases neither train nor choose: they measure how uncertain the answers are. It may be empty."""
SPLITS_OF_VERSION = {1: ("train", "validation", "test"), 2: SPLITS}
"""What a `dataset.json` of each version names."""
SHARES = (950, 50, 0, 200)
"""Of 1,200 cases: as many to train on as the public Elasticity problem has, less those that choose; as many to test."""


def proportional(ids: Sequence[str], shares: tuple[int, int, int, int] = SHARES) -> dict[str, list[str]]:
    """Split ids in the order they come, as `SPLITS` are ordered.

    Args:
        ids: the cases.
        shares: of `SPLITS`, in any unit. A split without a share is empty; every other one has at least one case.

    Raises:
        DatasetError: nothing to train or to choose with, or fewer ids than splits that have a share.
    """
    if min(shares) < 0 or not (shares[0] and shares[1]):
        raise DatasetError("shares", "numbers from 0 up, above 0 for train and validation", str(tuple(shares)))
    count, total, needed = len(ids), sum(shares), fewest(shares)
    if count < needed:
        raise DatasetError("split", f"at least {('two', 'three', 'four')[needed - 2]} cases", str(count))
    ends = [0]
    for part, until in enumerate(itertools.accumulate(shares)):
        last = count - fewest(shares[part + 1 :])
        ends.append(min(max(round(count * until / total), ends[-1] + 1), last) if shares[part] else ends[-1])
    return {name: list(ids[ends[i] : ends[i + 1]]) for i, name in enumerate(SPLITS)}


def fewest(shares: Sequence[int]) -> int:
    """The smallest number of cases that these shares can split: one for each that is not 0."""
    return sum(share > 0 for share in shares)


def completed(split: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """A split with all of `SPLITS` as keys, in their order; one that was not named is empty."""
    return {part: list(split.get(part, ())) for part in SPLITS}


def held_back_again(
    split: Mapping[str, Sequence[str]], content: Callable[[str], Hashable]
) -> Iterator[tuple[str, str, str]]:
    """Cases that train and are held back under another name: the split, its case, and the one that trains.

    Args:
        split: ids under `SPLITS`.
        content: of a case, by its id; equal where two cases are one.
    """
    trained = {content(name): name for name in split["train"]}
    for part, ids in split.items():
        for name in ids if part != "train" else ():
            if (same := trained.get(content(name))) is not None:
                yield part, name, same


def split_hash(split: Mapping[str, Sequence[str]]) -> str:
    """SHA-256 of the canonical JSON of the splits that are named, and of no others: version 1 names three."""
    plain = {part: list(ids) for part, ids in split.items()}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_split(split: Any, cases: Mapping[str, object], stated: Any, version: int) -> None:
    """Refuse splits that overlap, name unknown cases, lack a training case, or do not match their hash."""
    parts = SPLITS_OF_VERSION[version]
    if not isinstance(split, Mapping) or set(split) != set(parts):
        got = str(sorted(split)) if isinstance(split, Mapping) else shown(split)
        raise DatasetError("split", f"the keys {', '.join(parts)}", got)
    for part in parts:
        if not isinstance(split[part], list) or not all(isinstance(name, str) for name in split[part]):
            raise DatasetError(f"{part} split", "a list of case ids", shown(split[part]))
    ids = [name for part in parts for name in split[part]]
    if twice := [name for name, count in collections.Counter(ids).items() if count > 1]:
        raise DatasetError("split", "every case at most once", f"{twice[0]!r} twice")
    if unknown := [name for name in ids if name not in cases]:
        raise DatasetError("split", "cases that the data set has", repr(unknown[0]))
    if empty := [part for part in ("train", "validation") if not split[part]]:
        raise DatasetError(f"{empty[0]} split", "at least one case", "none")
    if split_hash(split) != stated:
        raise DatasetError("split_sha256", f"{split_hash(split)}, the hash of the split", shown(stated))
