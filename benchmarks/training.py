"""How many points a second does training learn from?

    python -m benchmarks.training

One step of the preset, gradient and optimiser, on 8 random cases of 256 points, after compilation. The `paper` preset
takes 4 cases of 972 points; the authors' own code takes 7.0 s for that on two CPU cores.
"""

import jax
import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, beside_the_paper, main, median_seconds
from enf2enf.model.queries import Queries
from enf2enf.settings import from_dict, preset
from enf2enf.surrogate import Surrogate
from enf2enf.train.arrays import Batch
from enf2enf.train.config import TrainConfig
from enf2enf.train.stages import FieldLoss
from enf2enf.train.step import TrainState, make_optimiser, make_step

PUBLISHED = 4 * 972 / 7.0


def rate(surrogate: Surrogate, config: TrainConfig, repetitions: int) -> float:
    """Points per second of the field stage with all weights free."""
    optimiser = make_optimiser(config, 1_000)
    step = make_step(FieldLoss(), optimiser.update, (0,), config.average)
    state, batch = [TrainState.start(surrogate.model, optimiser)], random_batch(surrogate, config)

    def work() -> None:
        state[0], loss = step(state[0], batch)
        loss.block_until_ready()

    work()
    return config.cases * config.points / median_seconds(work, repetitions)


def random_batch(surrogate: Surrogate, config: TrainConfig) -> Batch:
    """The shipped geometry in every case, random points and targets."""
    random, shape = np.random.default_rng(0), (config.cases, config.points)
    geometry = surrogate.encode(shipped.mesh()).geometry
    seen = surrogate.model.encoder.measure(surrogate.panels(geometry, surrogate.condition_row({})))
    points = random.uniform(-0.5, 0.5, (*shape, 2)).astype(np.float32)
    distance = random.uniform(0, 0.2, shape).astype(np.float32)
    return Batch(
        source=jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], config.cases, axis=0), seen),
        conditions=np.zeros((config.cases, surrogate.normaliser.condition_features), np.float32),
        queries=jax.vmap(Queries)(points, distance, np.zeros_like(points)),
        target=random.normal(size=(*shape, 1)).astype(np.float32),
        weight=np.ones((config.cases, 1), np.float32),
        valid=np.ones(shape, bool),
    )


def measure() -> list[Row]:
    """The rate of both presets."""
    settings = {name: from_dict(TrainConfig, preset(name)["train"], "train") for name in ("fast", "paper")}
    fresh = Surrogate.untrained(shipped.surrogate().config, shipped.surrogate().normaliser)
    ours, theirs = rate(fresh, settings["fast"], 15), rate(shipped.paper(), settings["paper"], 2)
    return beside_the_paper("training", 20_000, ours, theirs, PUBLISHED)


if __name__ == "__main__":
    main(measure, __doc__)
