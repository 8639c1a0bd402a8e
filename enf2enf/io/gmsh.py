"""Gmsh files read by meshio, also where only some elements are in physical groups."""


def read(path: str):
    """The file as a `meshio.Mesh`.

    meshio gathers the numbers of physical groups from those elements that have one and then misses the others; the
    names of the groups it keeps apart, and completely. To be called by one thread at a time.
    """
    import meshio
    from meshio.gmsh import _gmsh41

    gathered = _gmsh41._read_elements

    def complete(*arguments):
        cells, cell_data, cell_sets = gathered(*arguments)
        if len(cell_data.get("gmsh:physical", cells)) != len(cells):
            del cell_data["gmsh:physical"]
        return cells, cell_data, cell_sets

    _gmsh41._read_elements = complete
    try:
        return meshio.gmsh.read(path)
    finally:
        _gmsh41._read_elements = gathered
