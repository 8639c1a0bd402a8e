"""The nodes of CGNS as HDF5 groups: https://cgns.github.io/CGNS_docs_current/hdf5/."""

from typing import Any

import numpy as np

from enf2enf.errors import MeshError

_TYPES = {"float64": b"R8", "float32": b"R4", "int32": b"I4", "int8": b"C1"}


def only(parent: Any, label: str, what: str) -> Any:
    """The one child of a label. Raises `MeshError` where there are none or several."""
    found = labelled(parent, label)
    if len(found) != 1:
        raise MeshError("file", f"one {what}", str(len(found)))
    return next(iter(found.values()))


def labelled(parent: Any, label: str) -> dict[str, Any]:
    """The children of a label by name."""
    nodes = {key: parent[key] for key in parent if not key.startswith(" ")}
    return {key: node for key, node in nodes.items() if node.attrs.get("label", b"").decode() == label}


def data_of(node: Any) -> np.ndarray:
    """The array of a node."""
    return np.asarray(node[" data"])


def text_of(node: Any) -> str:
    """The text of a node."""
    return data_of(node).tobytes().decode().strip("\0 ")


def add_node(parent: Any, name: str, label: str, data: np.ndarray | str | None = None) -> Any:
    """Makes one."""
    group = parent.create_group(name)
    if isinstance(data, str):
        data = np.frombuffer(data.encode(), dtype=np.int8)
    if data is not None:
        group.create_dataset(" data", data=data)
    group.attrs["name"] = np.array(name.encode(), dtype="S33")
    group.attrs["label"] = np.array(label.encode(), dtype="S33")
    group.attrs["type"] = np.array(b"MT" if data is None else _TYPES[data.dtype.name], dtype="S3")
    group.attrs["flags"] = np.array([1], dtype=np.int32)
    return group
