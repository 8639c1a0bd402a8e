"""Files that are no text and no mesh, known by their first bytes."""

HDF5 = b"\x89HDF\r\n\x1a\n"
_KNOWN = {
    b"\x1f\x8b": "a gzip archive",
    b"PK\x03\x04": "a ZIP archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"(\xb5/\xfd": "a zstd archive",
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"@(#)ADF": "CGNS in its older form, ADF, which adf2hdf converts",
    HDF5: "an HDF5 file of another kind",
}


def known(data: bytes) -> str | None:
    """What a file is, e.g. `a ZIP archive`; None if its first bytes do not say."""
    return next((what for magic, what in _KNOWN.items() if data.startswith(magic)), None)
