"""The public "Elasticity" arrays of Geo-FNO (Li et al. 2022, arXiv 2207.05209) as a data-set folder.

python -m enf2enf.problems.elasticity.public_arrays ARRAYS OUT
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from enf2enf.data.manifest import write_manifest
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.problems.elasticity.star_void import triangulate
from enf2enf.schema import Quantity, Schema

SCHEMA = Schema(2, (), (Quantity("von_mises", unit="Pa"),))
_SHAPES = {"XY": ("points", 2, "cases"), "sigma": ("points", "cases"), "rr": ("radii", "cases")}
_DESCRIPTION = (
    "The public arrays of Geo-FNO's Elasticity problem. They hold points and stresses but no cells: the triangles are "
    "Delaunay's, less the void that the radii rr describe. Trained on the first {train} cases, of which the last "
    "{validation} are for validation, tested on the last {test}; the cases between are left out. Nothing is known of "
    "the error of the stored stress itself."
)


def import_elasticity_arrays(
    arrays: str | os.PathLike, out: str | os.PathLike, *, train: int = 1000, validation: int = 50, test: int = 200
) -> Path:
    """Write the cases that are trained and tested on as mesh files with a `dataset.json`.

    Args:
        arrays: folder of `Random_UnitCell_XY_10.npy` (points, 2, cases), `Random_UnitCell_sigma_10.npy` (points,
            cases) and `Random_UnitCell_rr_10.npy` (radii at equal angles from 0 to 2 pi, cases). The fourth array,
            `theta`, is not read: it holds no angles but the random numbers (cases, 10) that each void was drawn from.
        out: the data-set folder, made if it is not there.
        train: number of leading cases to train on, including those for validation.
        validation: number of these cases, at their end, that form the validation split.
        test: number of trailing cases to test on. The public split is 1000 and 200.

    Returns:
        The `dataset.json` that was written.

    Raises:
        DatasetError: a file that is missing or no array of numbers, shapes that do not fit each other or the split,
            values that are not finite, points that do not surround the void.
    """
    loaded = _load(Path(arrays))
    count = loaded["sigma"].shape[1]
    if not 0 < validation < train or test < 1 or train + test > count:
        wanted = f"at least {train + test} cases, and 0 < validation < train, test > 0"
        raise DatasetError("split", wanted, f"{count} cases, {train} / {validation} / {test}")
    folder = Path(out)
    (folder / "meshes").mkdir(parents=True, exist_ok=True)
    parts = {
        "train": range(train - validation), "validation": range(train - validation, train),
        "test": range(count - test, count),
    }  # fmt: skip
    split = {part: [f"case_{number:04d}" for number in numbers] for part, numbers in parts.items()}
    cases = {}
    for number in [number for numbers in parts.values() for number in numbers]:
        name = f"case_{number:04d}"
        cases[name] = {"mesh": f"meshes/{name}.vtu", "conditions": {}}
        write(folder / cases[name]["mesh"], _mesh(name, number, loaded))
    return write_manifest(
        folder, SCHEMA, cases, split, name="elasticity-public", source="Random_UnitCell_*_10.npy of Geo-FNO",
        licence="as stated where the arrays were obtained",
        description=_DESCRIPTION.format(train=train, validation=validation, test=test),
    )  # fmt: skip


def _load(folder: Path) -> dict[str, np.ndarray]:
    loaded, sizes = {}, {}
    for key, axes in _SHAPES.items():
        path = folder / f"Random_UnitCell_{key}_10.npy"
        try:
            array = np.load(path, allow_pickle=False)
        except FileNotFoundError as error:
            raise DatasetError(str(path), "one of the three public arrays", "no such file") from error
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(str(path), "a NumPy array file", str(error)) from error
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
            got = str(array.dtype) if isinstance(array, np.ndarray) else type(array).__name__
            raise DatasetError(str(path), "one array of numbers", got)
        wanted = [sizes.get(axis, axis) for axis in axes]
        fits = len(wanted) == array.ndim and all(
            isinstance(size, str) or size == got for size, got in zip(wanted, array.shape, strict=True)
        )
        if not fits or not array.size:
            raise DatasetError(key, f"the shape ({', '.join(map(str, wanted))})", str(array.shape))
        if len(bad := np.argwhere(~np.isfinite(array))):
            raise DatasetError(key, "finite numbers", f"{array[tuple(bad[0])]} in case {bad[0][-1]}")
        sizes |= {axis: size for axis, size in zip(axes, array.shape, strict=True) if isinstance(axis, str)}
        loaded[key] = array.astype(np.float64)
    return loaded


def _mesh(name: str, number: int, loaded: dict[str, np.ndarray]) -> Mesh:
    points = loaded["XY"][:, :, number]
    triangles = triangulate(name, points, loaded["rr"][:, number])
    return Mesh(points, (CellBlock("triangle", triangles),), point_data={"von_mises": loaded["sigma"][:, number]})


def main() -> None:
    """Import from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("arrays", type=Path, help="folder of the Random_UnitCell_*_10.npy")
    parser.add_argument("out", type=Path, help="data-set folder to write")
    options = parser.parse_args()
    try:
        print(import_elasticity_arrays(options.arrays, options.out))
    except Enf2EnfError as error:
        sys.exit(f"enf2enf: {error}")


if __name__ == "__main__":
    main()
