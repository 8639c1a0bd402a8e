"""The small meshes that come with enf2enf, the malformed ones, stored flows, and the pretrained checkpoints."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

from enf2enf.errors import CheckpointError

_FOLDER = Path(str(resources.files(__name__)))


def manifest() -> dict[str, dict[str, Any]]:
    """Every asset by its id: file, sha256, source, licence, units; of a malformed one also the error it must give."""
    assets = json.loads((_FOLDER / "manifest.json").read_text(encoding="utf-8"))["assets"]
    return {asset["id"]: asset for asset in assets}


def path(id: str) -> Path:
    """The file of an asset.

    Raises:
        KeyError: no asset of this id.
    """
    return _FOLDER / manifest()[id]["file"]


def pretrained() -> Path:
    """The folder of the shipped checkpoints, which can be served as it is."""
    return _FOLDER / "pretrained"


def checkpoint(name: str) -> Path:
    """A checkpoint file (or a folder of them), or a shipped one by its name.

    Raises:
        CheckpointError: neither.
    """
    if Path(name).exists():
        return Path(name)
    shipped = {path.stem: path for path in pretrained().glob("*.enf")}
    if name in shipped:
        return shipped[name]
    raise CheckpointError("checkpoint", f"a file, or one of the shipped {sorted(shipped)}", repr(name))
