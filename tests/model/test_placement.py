"""Where latents are placed: number 0 is the usual placement, any other is as even."""

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.model.panels import Panels
from enf2enf.model.placement import grid_points, wall_points

BOX = jnp.array([[-0.6, -0.4], [0.6, 0.4]])
CELL = np.array([1.2, 0.8]) / 5
numbers = st.integers(0, 1000)
place = jax.jit(lambda number: grid_points(BOX, 5, number))


def _panels(panels: int = 24) -> Panels:
    angle = jnp.linspace(0, 2 * jnp.pi, panels, endpoint=False)
    start = 0.3 * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    vertices = jnp.stack([start, jnp.roll(start, -1, axis=0)], axis=1)
    return Panels(vertices, jnp.zeros(panels, jnp.int32), jnp.zeros_like(vertices), BOX)


around = jax.jit(lambda number: wall_points(_panels(), 6, number))


def test_the_usual_one_is_the_centres_of_the_cells():
    centres = [low + size * (np.arange(5) + 0.5) for low, size in zip((-0.6, -0.4), CELL, strict=True)]
    expected = np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1).reshape(-1, 2)
    np.testing.assert_allclose(place(0), expected, atol=1e-7)


@given(number=numbers)
def test_every_latent_stays_in_its_cell_and_all_are_shifted_alike(number):
    shift = np.asarray(place(number) - place(0))
    np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-6)
    assert (np.abs(shift) <= 0.3 * CELL + 1e-6).all()


def test_shifts_fill_the_cell_evenly():
    """16 placements reach at least 11 of 4 x 4 equal parts of what they may fill; at random they would reach 10."""
    shifts = np.array([(place(number) - place(0))[0] for number in range(16)]) / (0.6 * CELL) + 0.5
    parts = {tuple(part) for part in np.minimum(4 * shifts, 3).astype(int)}
    assert len(parts) >= 11


@settings(max_examples=20)
@given(number=numbers)
def test_latents_on_the_wall_begin_elsewhere_and_keep_their_distance(number):
    starts, found = np.asarray(_panels().vertices[:, 0]), np.asarray(around(number))
    first = int(np.argmin(np.linalg.norm(starts - found[0], axis=1)))
    assert first == number % 24
    np.testing.assert_array_equal(found, np.roll(starts, -first, axis=0)[::4])
