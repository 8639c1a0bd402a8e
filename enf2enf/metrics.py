"""How far a prediction is from the truth, over the points of one case."""

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError


def relative_l2(prediction: Float[np.ndarray, "..."], truth: Float[np.ndarray, "..."]) -> float:
    """|prediction - truth| / |truth|, both in the L2 norm over the points of one case.

    The figure of a data set is the mean of this over its cases, as in the literature on neural operators; it is not
    the norm over all points of all cases together.

    Raises:
        QueryError: different shapes, no points, values that are not finite, or a truth that is zero everywhere.
    """
    difference, truth = _difference(prediction, truth)
    size = float(np.linalg.norm(truth))
    if size == 0:
        raise QueryError("truth", "a field that is not zero everywhere", "zeros")
    return float(np.linalg.norm(difference)) / size


def mean_absolute(prediction: Float[np.ndarray, "..."], truth: Float[np.ndarray, "..."]) -> float:
    """Mean over the points of |prediction - truth|, for a vector its Euclidean length, in the field's unit.

    Raises:
        QueryError: different shapes, no points, or values that are not finite.
    """
    difference, _ = _difference(prediction, truth)
    return float(np.linalg.norm(difference.reshape(len(difference), -1), axis=1).mean())


def _difference(prediction: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Checked and in float64: squares and sums of float32 lose what small errors are made of."""
    if prediction.shape != truth.shape or not truth.size:
        raise QueryError("prediction", f"the truth's shape {truth.shape}, not empty", f"{prediction.shape}")
    for name, values in (("prediction", prediction), ("truth", truth)):
        if not np.isfinite(values).all():
            raise QueryError(name, "finite numbers", f"{np.count_nonzero(~np.isfinite(values))} that are not")
    truth = truth.astype(np.float64)
    return prediction.astype(np.float64) - truth, truth
