"""Cases of a data-set folder that is still being made, read as whoever opens it later will."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from enf2enf.data.dataset import Dataset
from enf2enf.schema import Schema


def read_again(folder: Path, schema: Schema, walls: Sequence[str], name: str, entry: Mapping[str, Any]) -> None:
    """Refuses a case, its fine sampling too, as `Dataset` does: numbers that are not finite, walls that cross.

    Args:
        folder: of the data set.
        schema: its conditions and fields.
        walls: names of its walls.
        name: of the case.
        entry: what `dataset.json` will say of it.

    Raises:
        DatasetError: as `Dataset.case` and `Dataset.fine`.
    """
    stored = Dataset(folder, {"schema": schema.to_dict(), "walls": list(walls), "cases": {name: entry}})
    stored.case(name)
    stored.fine(name)


def is_readable(folder: Path, schema: Schema, walls: Sequence[str], name: str, entry: Any) -> bool:
    """Whether `read_again` takes a case that was stored: its files or its entry may have been damaged since."""
    try:
        read_again(folder, schema, walls, name, entry)
    except (ValueError, TypeError):  # such as any error of ours
        return False
    return True
