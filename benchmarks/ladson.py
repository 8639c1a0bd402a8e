"""How far is the solver of `aerofoil` from experiment, and from itself on finer grids?

    python -m benchmarks.ladson
    python -m benchmarks.ladson --fineness 0.7 1 1.4 --degrees 0 10

NACA 0012, fully turbulent at a Reynolds number of 6e6, against the tripped data of Ladson (1988, NASA TM 4074) as
ranges over its grits. The first cell keeps its height on all grids, as wall functions want it.
"""

import argparse
import time

from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.cgrid import Size
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.problems.aerofoil.solver import solve

REYNOLDS = 6e6
MEASURED = {0.0: ("", ".0080-.0081"), 5.0: (".536-.538", ".0083-.0085"), 10.0: ("1.059-1.063", ".0115-.0119"),
            15.0: ("1.494-1.499", "~.018")}  # fmt: skip
"""Degrees -> lift and drag coefficients."""


def main() -> None:
    """One line for each grid and incidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--degrees", type=float, nargs="+", default=list(MEASURED), help="incidences")
    parser.add_argument("--fineness", type=float, nargs="+", default=[1.0], help="of the grids, both ways")
    options = parser.parse_args()
    print("degrees   cells     C_L  measured          C_D  measured      iterations  residual  seconds")
    for degrees in options.degrees:
        for fineness in options.fineness:
            began, size = time.perf_counter(), Size(fineness)
            case = Case(FourDigits(0.0, 0.0, 12.0), REYNOLDS * VISCOSITY, degrees, size)
            record, cells = solve(case), size.around * size.layers
            if record is None:
                print(f"{degrees:7g} {cells:7d}  not accepted", flush=True)
                continue
            lift, drag = MEASURED.get(degrees, ("", ""))
            print(
                f"{degrees:7g} {cells:7d} {record['Cl']:7.4f}  {lift:12s} {record['Cd']:8.5f}  {drag:12s} "
                f"{record['iterations']:10d} {record['residuals'].max():10.1e} {time.perf_counter() - began:8.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
