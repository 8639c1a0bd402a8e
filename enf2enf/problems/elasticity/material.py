"""A plane-stress sheet of incompressible Mooney-Rivlin (Rivlin-Saunders) rubber, without a pressure unknown.

The thickness stretch is 1/J where J is the in-plane area ratio, which makes the material incompressible exactly;
the in-plane deformation gradient F is then all there is. With I = |F|^2:

    W = C1 (I + J^-2 - 3) + C2 (J^2 + I J^-2 - 3)

Everything is per unit of reference area and thickness, in Pa, and takes F as `(..., 2, 2)`.
"""

import numpy as np
from jaxtyping import Float

C1 = 1.863e5
"""First Mooney-Rivlin constant of the Geo-FNO "Elasticity" problem, Pa."""
C2 = 9.79e3
"""Second Mooney-Rivlin constant of the same problem, Pa."""

Gradient = Float[np.ndarray, "*batch 2 2"]


def determinant(F: Gradient) -> Float[np.ndarray, "*batch"]:
    """The area ratio J."""
    return F[..., 0, 0] * F[..., 1, 1] - F[..., 0, 1] * F[..., 1, 0]


def energy(F: Gradient) -> Float[np.ndarray, "*batch"]:
    """Stored energy W, J/m^3."""
    norm, squeeze = (F * F).sum((-2, -1)), determinant(F) ** -2
    return C1 * (norm + squeeze - 3) + C2 * (1 / squeeze + norm * squeeze - 3)


def first_piola(F: Gradient) -> Gradient:
    """Nominal stress P = dW/dF: force in the deformed sheet per reference length and thickness."""
    norm, J = (F * F).sum((-2, -1)), determinant(F)
    direct = 2 * (C1 + C2 * J**-2)
    areal = -2 * C1 * J**-3 + 2 * C2 * J - 2 * C2 * norm * J**-3
    return direct[..., None, None] * F + areal[..., None, None] * _cofactor(F)


def tangent(F: Gradient) -> Float[np.ndarray, "*batch 2 2 2 2"]:
    """Stiffness A_iJkL = dP_iJ/dF_kL."""
    norm, J, cofactor = (F * F).sum((-2, -1)), determinant(F), _cofactor(F)
    direct = 2 * (C1 + C2 * J**-2)
    areal = -2 * C1 * J**-3 + 2 * C2 * J - 2 * C2 * norm * J**-3
    curvature = 6 * C1 * J**-4 + 2 * C2 + 6 * C2 * norm * J**-4
    mixed = _outer(F, cofactor)
    return (
        direct[..., None, None, None, None] * _IDENTITY
        + areal[..., None, None, None, None] * _COFACTOR_SLOPE
        + curvature[..., None, None, None, None] * _outer(cofactor, cofactor)
        - (4 * C2 * J**-3)[..., None, None, None, None] * (mixed + np.moveaxis(mixed, (-4, -3), (-2, -1)))
    )


def von_mises(F: Gradient) -> Float[np.ndarray, "*batch"]:
    """Von Mises norm of the Cauchy stress sigma = P F^T (the three-dimensional determinant is 1), Pa."""
    s = first_piola(F) @ np.swapaxes(F, -2, -1)
    xx, yy, xy = s[..., 0, 0], s[..., 1, 1], s[..., 0, 1]
    return np.sqrt(xx * xx - xx * yy + yy * yy + 3 * xy * xy)


def _cofactor(F: Gradient) -> Gradient:
    rows = np.stack([F[..., 1, 1], -F[..., 1, 0], -F[..., 0, 1], F[..., 0, 0]], axis=-1)
    return rows.reshape(F.shape)


def _outer(a: Gradient, b: Gradient) -> Float[np.ndarray, "*batch 2 2 2 2"]:
    return a[..., :, :, None, None] * b[..., None, None, :, :]


_IDENTITY = np.eye(4).reshape(2, 2, 2, 2)
_COFACTOR_SLOPE = np.array([[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]], float).reshape(2, 2, 2, 2)
