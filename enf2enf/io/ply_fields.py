"""Nodal fields added to PLY files: properties of their vertices."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enf2enf.io import ply_elements


def attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """See `Format.attach`; scalars alone, and where the vertices come first."""
    order, (vertex, *_), data, start = ply_elements.opened(path)
    if vertex.name != "vertex" or any(item.count_kind for item in vertex.properties):
        raise ValueError("vertices behind other elements, or with lists")
    body = (_text if order is None else _binary)(vertex, fields, data[start:], order or "")
    path.write_bytes(_head(data[:start], list(fields)) + body)


def _text(vertex: ply_elements.Element, fields: Mapping[str, np.ndarray], body: bytes, _: str) -> bytes:
    *lines, behind = body.split(b"\n", vertex.count)
    places = [place for place, item in enumerate(vertex.properties) if item.name not in fields]
    rows = zip(lines, np.stack(list(fields.values()), axis=1).tolist(), strict=True)
    found = []
    for line, row in rows:
        words = line.split()
        found.append(b" ".join([*(words[place] for place in places), *(repr(number).encode() for number in row)]))
    return b"\n".join([*found, behind])


def _binary(vertex: ply_elements.Element, fields: Mapping[str, np.ndarray], body: bytes, order: str) -> bytes:
    kinds = {item.name: order + item.kind for item in vertex.properties}
    rows = np.frombuffer(body, list(kinds.items()), vertex.count)
    made = np.empty(vertex.count, [*(kind for kind in kinds.items() if kind[0] not in fields),
                                   *((name, f"{order}f8") for name in fields)])  # fmt: skip
    for name in made.dtype.names or ():
        made[name] = fields[name] if name in fields else rows[name]
    return made.tobytes() + body[rows.nbytes :]


def _head(head: bytes, names: list[str]) -> bytes:
    """With other properties of the vertices."""
    lines, inside = [], False
    for line in head.splitlines(keepends=True):
        words = line.decode("utf-8", errors="replace").split()
        if inside and words[:1] != ["property"]:
            ending = line[len(line.rstrip()) :].decode()
            lines += [f"property double {name}{ending}".encode() for name in names]
        inside = words[:2] == ["element", "vertex"] or (inside and words[:1] == ["property"])
        if not (inside and words[:1] == ["property"] and words[-1] in names):
            lines.append(line)
    return b"".join(lines)
