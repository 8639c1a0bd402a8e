"""How far a prediction is from the truth."""

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError


def relative_l2(prediction: Float[np.ndarray, "points ..."], truth: Float[np.ndarray, "points ..."]) -> float:
    """|prediction - truth| / |truth|, both in the L2 norm over the points of one case.

    Raises:
        QueryError: different shapes, no points, or a truth that is zero everywhere.
    """
    if prediction.shape != truth.shape or not truth.size:
        raise QueryError("prediction", f"the truth's shape {truth.shape}, not empty", f"{prediction.shape}")
    size = float(np.linalg.norm(truth.astype(np.float64)))
    if size == 0:
        raise QueryError("truth", "a field that is not zero everywhere", "zeros")
    return float(np.linalg.norm(prediction.astype(np.float64) - truth)) / size
