"""Which cases train, which choose, which are read once; and a hash that says so."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from enf2enf.errors import DatasetError

SPLITS = ("train", "validation", "test")


def split_hash(split: Mapping[str, Sequence[str]]) -> str:
    """SHA-256 of the canonical JSON of the split."""
    plain = {name: list(split[name]) for name in SPLITS}
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_split(split: Mapping[str, Sequence[str]], cases: Mapping[str, object], stated: str) -> None:
    """Refuse splits that overlap, name unknown cases, lack a training case, or do not match their hash."""
    if set(split) != set(SPLITS):
        raise DatasetError("split", f"the keys {', '.join(SPLITS)}", str(sorted(split)))
    ids = [name for part in SPLITS for name in split[part]]
    if twice := sorted({name for name in ids if ids.count(name) > 1} if len(ids) != len(set(ids)) else ()):
        raise DatasetError("split", "every case in one split", f"{twice[0]!r} in two")
    if unknown := [name for name in ids if name not in cases]:
        raise DatasetError("split", "cases that the data set has", repr(unknown[0]))
    if not split["train"] or not split["validation"]:
        raise DatasetError("split", "at least one training and one validation case", "none")
    if split_hash(split) != stated:
        raise DatasetError("split_sha256", split_hash(split), repr(stated))
