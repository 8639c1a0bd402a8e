"""C_L and C_D by VortFoil (GPL; learnt from XFOIL, with free transition: it knows no other).

It runs in an environment of its own:

    ENVIRONMENT/bin/pip install vortfoil
    cd out/outside
    ENVIRONMENT/bin/python ../../benchmarks/outside/vortfoil_loads.py sections.csv vortfoil_loads.csv
"""

import numpy as np
import vortfoil
from exchange import Flow, answer


def loads(flow: Flow) -> tuple[float, float]:
    """Of its surface model."""
    found = vortfoil.load_model().predict(coords=np.array(flow.coordinates), alpha=flow.alpha, Re=flow.reynolds)
    return float(found.cl[0]), float(found.cd[0])


if __name__ == "__main__":
    answer(loads)
