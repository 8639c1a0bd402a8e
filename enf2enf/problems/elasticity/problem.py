"""The words and numbers of an Elasticity data set's `dataset.json`."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.data import proportional, write_manifest
from enf2enf.problems.elasticity import material
from enf2enf.schema import Quantity, Schema

_SHARES = {"fixed": (950, 50, 0, 200), "varied": (240, 20, 0, 40)}


def split(ids: Sequence[str], load: str) -> dict[str, list[str]]:
    """Ids by split, in order: 950 / 50 / 0 / 200 of 1200 fixed, 240 / 20 / 0 / 40 of 300 varied ones."""
    return proportional(ids, _SHARES[load])


def schema(load: str) -> Schema:
    """No condition under the fixed load; the traction, by which the stress scales, under the varied one."""
    if load == "fixed":
        return Schema(2, (), (Quantity("von_mises", unit="Pa"),))
    traction = Quantity("traction", "vector", "Pa")
    return Schema(2, (traction,), (Quantity("von_mises", unit="Pa", scales_with=(("traction", 1.0),)),))


def write_elasticity(
    folder: str | os.PathLike[str],
    plan: Mapping[str, Any],
    cases: Mapping[str, Any],
    errors: Sequence[float],
    redraws: int,
) -> Path:
    """Writes the manifest.

    Args:
        folder: where it goes.
        plan: what was asked for: `cases`, `seed`, `load`, `resolution`, `floor_cases`.
        cases: id -> its mesh, conditions and, where it has one, fine sampling.
        errors: relative L2 errors against twice the resolution.
        redraws: how many draws were replaced because no equilibrium was found.
    """
    load = plan["load"]
    return write_manifest(
        folder,
        schema(load),
        cases,
        split(list(cases), load),
        name="elasticity" if load == "fixed" else "elasticity-varied",
        description=_description(load, redraws),
        licence="CC0-1.0",
        source=f"enf2enf generate elasticity --cases {plan['cases']} --seed {plan['seed']} --load {load}",
        floor=_floor(plan, errors) if errors else None,
    )


def _description(load: str, redraws: int) -> str:
    traction = "(0, 100) Pa" if load == "fixed" else "within 60 degrees of the vertical, 1e2 to 1e5 Pa, log-uniform"
    text = (
        "Geo-FNO's Elasticity problem, made again: the von Mises stress in a clamped unit cell with a random void, "
        "plane stress, incompressible Mooney-Rivlin solid "
        f"(C1 = {material.C1:g}, C2 = {material.C2:g} Pa), dead traction {traction}, on the top side. The void keeps "
        "the angular modes 0 to 7 of the public problem. Values are recovered in the solver's own quadratic elements "
        "at points of the undeformed cell; no node lies within 0.03 of the clamped corners, which are cut off."
    )
    if load == "varied":
        text += (
            " A draw whose equilibrium could not be followed to the full load (buckling under strong shear) was "
            f"replaced by the next: {redraws} times. Contact of the void with itself is not modelled."
        )
    return text


def _floor(plan: Mapping[str, Any], errors: Sequence[float]) -> dict[str, Any]:
    around, across = sum(plan["resolution"]["sides"]), plan["resolution"]["across"]
    how = (
        f"mean over cases of the relative L2 difference over the stored nodes between {around} x {across} quadratic "
        f"elements and twice as many each way; largest {max(errors):.2e}"
    )
    if missing := plan["floor_cases"] - len(errors):
        how += f"; {missing} more had no equilibrium at twice the resolution"
    return {"relative_l2": float(np.mean(errors)), "cases": len(errors), "how": how}
