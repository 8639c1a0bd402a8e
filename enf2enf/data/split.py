"""Which cases train, which choose, which are read once; and a hash that says so."""

import collections
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from enf2enf.errors import DatasetError

SPLITS = ("train", "validation", "test")
SHARES = (950, 50, 200)
"""Of 1,200 cases: as many to train on as the public Elasticity problem has, less those that choose; as many to test."""


def proportional(ids: Sequence[str], shares: tuple[int, int, int] = SHARES) -> dict[str, list[str]]:
    """Split ids in the order they come: train first, then validation, then test, at least one of each.

    Raises:
        DatasetError: fewer than three ids.
    """
    if len(ids) < len(SPLITS):
        raise DatasetError("split", "at least three cases", str(len(ids)))
    count, total = len(ids), sum(shares)
    train = min(max(round(count * shares[0] / total), 1), count - 2)
    chosen = min(max(round(count * (shares[0] + shares[1]) / total), train + 1), count - 1)
    ends = (0, train, chosen, count)
    return {name: list(ids[ends[i] : ends[i + 1]]) for i, name in enumerate(SPLITS)}


def split_hash(split: Mapping[str, Sequence[str]]) -> str:
    """SHA-256 of the canonical JSON of the split."""
    plain = {name: list(split.get(name, ())) for name in SPLITS}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_split(split: Any, cases: Mapping[str, object], stated: Any) -> None:
    """Refuse splits that overlap, name unknown cases, lack a training case, or do not match their hash."""
    if not isinstance(split, Mapping) or set(split) != set(SPLITS):
        got = str(sorted(split)) if isinstance(split, Mapping) else repr(split)[:80]
        raise DatasetError("split", f"the keys {', '.join(SPLITS)}", got)
    for part in SPLITS:
        if not isinstance(split[part], list) or not all(isinstance(name, str) for name in split[part]):
            raise DatasetError(f"{part} split", "a list of case ids", repr(split[part])[:80])
    ids = [name for part in SPLITS for name in split[part]]
    if twice := [name for name, count in collections.Counter(ids).items() if count > 1]:
        raise DatasetError("split", "every case at most once", f"{twice[0]!r} twice")
    if unknown := [name for name in ids if name not in cases]:
        raise DatasetError("split", "cases that the data set has", repr(unknown[0]))
    if empty := [part for part in ("train", "validation") if not split[part]]:
        raise DatasetError(f"{empty[0]} split", "at least one case", "none")
    if split_hash(split) != stated:
        raise DatasetError("split_sha256", f"{split_hash(split)}, the hash of the split", repr(stated)[:80])
