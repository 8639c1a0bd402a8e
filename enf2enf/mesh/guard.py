"""Between other people's readers and our users: every failure becomes one sentence, and no file reaches another."""

import contextlib
import io
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from enf2enf.errors import MeshError

_ONE_AT_A_TIME = threading.Lock()  # standard error and the warning filters belong to the whole process
_PLAIN_XDMF = re.compile(rb"<!DOCTYPE\s+Xdmf\s+SYSTEM\s+[\"']Xdmf\.dtd[\"']\s*(\[\s*\])?\s*>")
_LARGEST = 1 << 30  # bytes of one file's arrays, unpacked


@contextlib.contextmanager
def sentence(name: str, expected: str, failing: str, folder: Path) -> Iterator[None]:
    """Runs a reader or writer: silent, and with every failure as a `MeshError` that names no temporary path.

    Args:
        name: the file as the user knows it.
        expected: what it should have been.
        failing: what it is instead, when it fails without a word.
        folder: the temporary folder it lies in.
    """
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="string or file could not be read")  # numbers that break off
            with contextlib.redirect_stdout(io.StringIO()):
                yield
    except MeshError:
        raise
    except (Exception, SystemExit) as error:
        raise MeshError(name, expected, f"{failing}{_detail(error, folder)}") from None


def _detail(error: BaseException, folder: Path) -> str:
    """What a reader said, where it said it of the file and not of itself."""
    if isinstance(error, (SystemExit, AttributeError, TypeError, AssertionError, IndexError)):
        return ""
    text = " ".join(str(error).split())
    if isinstance(error, KeyError):
        text = f"no {text}"
    if str(folder) in text or "Traceback" in text:
        return ""
    return f" ({text[:160].rstrip('.')})" if text else ""


def without_doctype(name: str, data: bytes) -> bytes:
    """XML without declarations that could grow or fetch anything.

    Raises:
        MeshError: it declares entities or a document type (other than XDMF's customary empty one).
    """
    data = _PLAIN_XDMF.sub(b"", data, count=1)
    if found := re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        raise MeshError(name, "plain XML", f"a declaration <!{found[1].decode().upper()}")
    return data


def companions(name: str, data: bytes, beside: Path | None) -> list[Path]:
    """Files an XDMF document refers to, all of them beside it.

    Args:
        name: the document as the user knows it.
        data: its text.
        beside: the folder it was read from; None for bytes alone, which may refer to nothing.

    Raises:
        MeshError: a reference to a file that is elsewhere, missing, not HDF5, or any at all for bytes alone.
    """
    items = re.findall(rb"<DataItem\b([^>]*)>([^<]*)<", data)
    if re.search(rb"Format\s*=\s*[\"']Binary", data, re.IGNORECASE) or b"<xi:include" in data:
        raise MeshError(name, "inline or HDF5 data", "a reference to a raw binary file")
    found = []
    for attributes, text in items:
        if not re.search(rb"Format\s*=\s*[\"']HDF", attributes, re.IGNORECASE):
            continue
        file = text.decode(errors="replace").strip().partition(":")[0]
        if beside is None:
            raise MeshError(name, 'inline data (Format="XML")', f"a reference to the file {file!r}")
        if file != Path(file).name or not (beside / file).is_file() or (beside / file).is_symlink():
            raise MeshError(name, "HDF5 data in a file beside it", f"a reference to {file!r}")
        found.append(beside / file)
    return sorted(set(found))


def check_hdf5(name: str, path: Path) -> None:
    """Looks through an HDF5 file for links out of it and for arrays too large to unpack.

    Raises:
        MeshError: external links, external or virtual storage, too much data.
    """
    import h5py

    def look(group: "h5py.Group", depth: int) -> int:
        if depth > 32:
            raise MeshError(name, "a tree of groups", "groups nested more than 32 deep")
        total = 0
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise MeshError(name, "HDF5 data within the file", f"a link at {key!r}")
            item = group[key]
            if isinstance(item, h5py.Group):
                total += look(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise MeshError(name, "HDF5 data within the file", f"external data at {key!r}")
                total += item.nbytes
        if total > _LARGEST:
            raise MeshError(name, f"at most {_LARGEST >> 30} GiB of arrays", f"{total / 2**30:.1f} GiB")
        return total

    with h5py.File(path, "r") as file:
        look(file, 0)
