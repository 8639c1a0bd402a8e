"""A case says what is known of it."""

import numpy as np
import pytest

from enf2enf.data.case import Case
from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.geometry import Geometry


def test_only_a_solved_case_has_a_solution():
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    geometry, field = Geometry.of((0.5 * square,), square), Field(0.7 * square, {"p": np.ones(4)})
    assert Case(geometry, field=field).solution is field
    with pytest.raises(QueryError, match="case: expected a known solution, got a case to be predicted"):
        Case(geometry).solution  # noqa: B018
