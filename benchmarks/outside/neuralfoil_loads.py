"""C_L and C_D by NeuralFoil (MIT; learnt from XFOIL), the flow turbulent from the leading edge as in our data.

It runs in an environment of its own:

    ENVIRONMENT/bin/pip install neuralfoil
    cd out/outside
    ENVIRONMENT/bin/python ../../benchmarks/outside/neuralfoil_loads.py sections.csv neuralfoil_loads.csv
"""

import neuralfoil
import numpy as np
from exchange import Flow, answer


def loads(flow: Flow) -> tuple[float, float]:
    """Of its largest network."""
    found = neuralfoil.get_aero_from_coordinates(
        np.array(flow.coordinates), flow.alpha, flow.reynolds, xtr_upper=0.0, xtr_lower=0.0, model_size="xxxlarge"
    )
    return float(np.squeeze(found["CL"])), float(np.squeeze(found["CD"]))


if __name__ == "__main__":
    answer(loads)
