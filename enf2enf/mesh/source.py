"""Where a mesh was read from."""

import dataclasses
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Source:
    """A mesh file.

    Args:
        name: as the user knows it; its extension is that of its format.
        place: the file, or its bytes.
    """

    name: str
    place: Path | bytes = dataclasses.field(repr=False)
