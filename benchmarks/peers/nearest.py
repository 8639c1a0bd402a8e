"""What does a lazy user reach around bodies: the flow around the most similar shape in the train split?

Shapes are compared in the frames that models see them in, mirror images included: by their panels, in root mean square.
The neighbour's dimensionless fields are interpolated linearly from its points (Delaunay) to those asked for; beyond
their hull the nearest point answers.
"""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import KDTree

from enf2enf.data.cache import PackedData
from enf2enf.dimensionless import Dimensionless
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.frames import FrameConfig

PANELS = 96


class NearestShape:
    """The train split, found by the panels of its walls.

    Args:
        packed: the data.
        frames: in which shapes are compared.
        length: the reference length, in metres.
    """

    def __init__(self, packed: PackedData, frames: FrameConfig, length: float):
        self.packed, self.frames, self.length = packed, frames, length
        self._donors = [(index, image) for index in packed.ids("train") for image in range(frames.count)]
        self._tree = KDTree([self._signature(*donor) for donor in self._donors])

    def predict(self, index: int | np.integer) -> Float[np.ndarray, "points components"]:
        """The fields of the nearest case at the points of a case of any split, in its unit and axes."""
        columns = self.packed.schema.field_columns
        donor, image = self._donors[int(self._tree.query(self._signature(index, 0))[1])]
        there, here = self._frame(donor, image), self._frame(index, 0)
        known, walled, ours = self.packed.values(donor).astype(np.float64), *map(self.packed.on_wall, (donor, index))
        usual = self._under(donor, there).forward(there.columns_inward(columns, np.nan_to_num(known)))
        places, asked = there.inward(self.packed.points(donor)), here.inward(self.packed.points(index))
        guess, ones = np.empty((len(asked), columns.width)), np.ones(columns.width)
        guess[~ours] = interpolate(places[~walled], usual[~walled], asked[~ours])
        if ours.any():  # on another wall the nearest point of it answers
            guess[ours] = usual[walled][KDTree(places[walled]).query(asked[ours])[1]]
        return here.columns_outward(columns, self._under(index, here).backward(guess, ones, 0 * ones))

    def _frame(self, index: int | np.integer, image: int) -> Frame:
        axes = self.frames.axes(self.packed.schema, self.packed.conditions(index))[image]
        return self.frames.of(self.packed.geometry(index), self.length, [axes])[0]

    def _signature(self, index: int | np.integer, image: int) -> Float[np.ndarray, " numbers"]:
        return self.packed.geometry(index).panels(PANELS, self._frame(index, image))[:, 0].ravel()

    def _under(self, index: int | np.integer, frame: Frame) -> Dimensionless:
        row = self.frames.turned(self.packed.schema, self.packed.conditions(index), frame.axes)
        return Dimensionless(self.packed.schema, self.length, row)


def interpolate(
    points: Float[np.ndarray, "n 2"], values: Float[np.ndarray, "n components"], asked: Float[np.ndarray, "m 2"]
) -> Float[np.ndarray, "m components"]:
    """Values at points, linear between them, those of the nearest point beyond their hull."""
    guess = LinearNDInterpolator(points, values)(asked)
    beyond = np.isnan(guess).any(axis=1)
    guess[beyond] = values[KDTree(points).query(asked[beyond])[1]]
    return guess
