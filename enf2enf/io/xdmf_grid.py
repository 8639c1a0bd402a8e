"""The one grid of an XDMF document that is read, in the words that meshio's reader knows."""

from pathlib import Path
from xml.etree import ElementTree

from enf2enf.errors import MeshError
from enf2enf.io import allowance

Element = ElementTree.Element
_INCLUDE = "{http://www.w3.org/2001/XInclude}include"
_SHAPE = ("Topology", "Geometry")
_REMARKS = "Remarks"  # an attribute of ours
_DEEPEST = 8


def alone(name: str, data: bytes) -> bytes:
    """A document of one grid: the last step of a series in time, with what it refers to elsewhere in the document.

    Raises:
        MeshError: no XML, several grids, or one in other words than cells, coordinates and values at both.
    """
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise MeshError(name, "a complete XDMF file", f"damaged or truncated data ({error})") from None
    remarks: list[str] = []
    found = _grid(name, root, remarks)
    _rename(name, found, remarks)
    size = sum(len(text) for item in found.iter() for text in (item.text or "", *item.attrib.values()))
    if size > (most := allowance.of(len(data))):
        raise MeshError(name, f"at most {most} bytes of arrays in a file of {len(data)}", "more")
    found.set(_REMARKS, "\n".join(remarks))
    document = Element("Xdmf", Version="3.0")
    ElementTree.SubElement(document, "Domain").append(found)
    return ElementTree.tostring(document)


def remarks(path: Path) -> list[str]:
    """Sentences about what `alone` left out of the document that it made."""
    for _, item in ElementTree.iterparse(path, ["start"]):
        if item.tag == "Grid":
            return item.get(_REMARKS, "").splitlines()
    return []


def _grid(name: str, root: Element, remarks: list[str]) -> Element:
    """The grid with cells and coordinates, and the values of all grids that share them."""
    domains = root.findall("Domain")
    if root.tag != "Xdmf" or len(domains) != 1:
        raise MeshError(name, "one Domain of an Xdmf document", f"{len(domains)} in {root.tag[:20]}")
    grids = [_last(name, grid, remarks) for grid in domains[0].findall("Grid")]
    shaped = [grid for grid in grids if grid.find("Topology") is not None]
    if len(shaped) > 1 or not grids:
        raise MeshError(name, "one grid", str(len(shaped)))
    found = Element("Grid", Name="grid", GridType="Uniform")
    for grid in grids:
        found.extend([_resolved(name, root, item) for item in grid if item.tag not in ("Time", _INCLUDE)])
    for tag in _SHAPE:
        if found.find(tag) is None:
            found.append(_resolved(name, root, _included(name, root, grids, tag)))
    return found


def _last(name: str, grid: Element, remarks: list[str]) -> Element:
    """A grid itself, or the last of a series in time."""
    for _ in range(_DEEPEST):
        steps = grid.findall("Grid")
        if (kind := grid.get("GridType", "Uniform")) == "Uniform" and not steps:
            return grid
        is_series = grid.get("CollectionType", "Spatial") == "Temporal"
        if not steps or (len(steps) > 1 and not is_series):
            raise MeshError(name, "one grid, or a series in time", f"{len(steps)} in a {kind[:40]}")
        if len(steps) > 1:
            remarks.append(f"steps: expected one, got {len(steps)}, of which the last is read")
        grid = steps[-1]
    raise MeshError(name, "one grid, or a series in time", f"grids nested more than {_DEEPEST} deep")


def _included(name: str, root: Element, grids: list[Element], tag: str) -> Element:
    """What grids say that they share with the first of the document."""
    includes = [item for grid in grids for item in grid.findall(_INCLUDE)]
    if any(item.get("href") for item in includes):
        raise MeshError(name, "a document of its own", f"a reference to the file {includes[0].get('href')!r}")
    if not any(tag in item.get("xpointer", "") for item in includes) or (first := root.find(f".//Grid/{tag}")) is None:
        raise MeshError(name, f"a grid with {tag}", "none")
    return first


def _resolved(name: str, root: Element, item: Element, depth: int = 0) -> Element:
    """An element, those in it that refer to another one of the document replaced by that."""
    found = item
    if path := item.get("Reference"):
        path = ((item.text or "") if path == "XML" else path).strip()
        try:
            target = root.find("./" + path.removeprefix("/Xdmf/")) if path.startswith("/Xdmf/") else None
        except SyntaxError:
            target = None
        if target is None or target.get("Reference") or len(target) > _DEEPEST:
            raise MeshError(name, "references within the document", repr(path[:60]))
        found = target
    if depth > _DEEPEST:
        raise MeshError(name, "arrays in a grid", f"elements nested more than {_DEEPEST} deep")
    made = Element(found.tag, {**found.attrib, **item.attrib})
    made.attrib.pop("Reference", None)
    made.text = found.text
    made.extend([_resolved(name, root, child, depth + 1) for child in found])
    return made


def _rename(name: str, grid: Element, remarks: list[str]) -> None:
    """Writes out what may be left out, and takes away what is not read."""
    left = []
    for item in list(grid):
        if item.tag in _SHAPE:
            _rename_shape(name, item)
        elif item.tag == "Attribute" and item.get("Center", "Node") in ("Node", "Cell") and _has_one_array(item):
            item.attrib |= {"Center": item.get("Center", "Node"), "Name": item.get("Name", "values")}
        elif item.tag != "Information" or not (item.text or "").strip():  # meshio's own are documents in a text
            grid.remove(item)
            left += [f"{item.tag} {item.get('Name', '')}".strip()[:40]] * (item.tag != "Information")
    if left:
        more = f" and {len(left) - 1} more" * (len(left) > 1)
        remarks.append(f"parts: expected values at nodes or cells in one array each, got {left[0]!r}{more}, left out")
    for item in grid.iter("DataItem"):
        item.set("Format", item.get("Format", "XML").upper().replace("BINARY", "Binary"))


def _rename_shape(name: str, item: Element) -> None:
    from meshio.xdmf.common import xdmf_to_meshio_type

    key = "Type" if "Type" in item.attrib else f"{item.tag}Type"
    known = ["XY", "XYZ"] if item.tag == "Geometry" else [*xdmf_to_meshio_type, "Mixed"]
    kind = item.attrib.setdefault(key, "XYZ" if item.tag == "Geometry" else "")
    named = {word.lower(): word for word in known}
    if kind.lower() not in named or not _has_one_array(item):
        raise MeshError(f"{name}: {item.tag}", f"one array, of type {', '.join(known[:10])}", kind[:40] or "none")
    if strange := {"BaseOffset", "Order"} & item.attrib.keys():
        raise MeshError(f"{name}: {item.tag}", "nodes counted from 0, in the usual order", strange.pop())
    item.set(key, named[kind.lower()])


def _has_one_array(item: Element) -> bool:
    arrays = list(item)
    return len(arrays) == 1 and arrays[0].tag == "DataItem" and arrays[0].get("ItemType", "Uniform") == "Uniform"
