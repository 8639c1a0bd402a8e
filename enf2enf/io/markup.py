"""XML looked through before a reader does."""

import re

from enf2enf.errors import MeshError

_TAGS = 200_000


def plain(name: str, data: bytes) -> bytes:
    """XML as it is, without declarations that could grow or fetch anything.

    Raises:
        MeshError: it declares entities or a document type, is written in 16-bit characters, where one would not see
            that, or is nothing but tags.
    """
    if found := re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise MeshError(name, "plain XML", f"a declaration <!{found[1].decode().upper()}")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data[:16]:
        raise MeshError(name, "XML in UTF-8", "16-bit characters")
    end = data.find(b"<AppendedData")
    if (tags := data.count(b"<", 0, len(data) if end < 0 else end)) > _TAGS:
        raise MeshError(name, f"at most {_TAGS} XML tags", str(tags))
    return data
