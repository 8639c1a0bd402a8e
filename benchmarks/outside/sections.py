"""What do programs of others, trained on other data, say of lift and drag of our sections?

    python -m benchmarks.outside.sections --data data/aerofoil --split test

This writes the sections of a split for them. Each is run by the Python of an environment of its own, nothing of which
is a dependency of ours or imported by anything but that one small program: `neuralfoil_loads.py`, `vortfoil_loads.py`.
`benchmarks.aerofoil` has a row for every file of loads that it finds beside the sections.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import flow
from benchmarks.outside.exchange import Flow, write_sections
from benchmarks.peers.section import Section
from enf2enf.data.cache import PackedData


def flows(packed: PackedData, split: str) -> Iterator[Flow]:
    """The sections of a split in their flows."""
    for index in packed.ids(split):
        inflow = packed.schema.condition_columns.split(packed.conditions(index))["inflow"]
        section, speed = Section.of(packed.geometry(index), inflow), float(np.hypot(*inflow))
        reynolds = speed * section.frame.length / flow.viscosity(packed, index)
        points = [(float(x), float(y)) for x, y in section.around]
        yield Flow(packed.names[index], reynolds, float(np.degrees(section.incidence)), speed, points)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data/aerofoil"))
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--out", type=Path, default=Path("out/outside/sections.csv"))
    options = parser.parse_args()
    write_sections(options.out, flows(PackedData.load(options.data), options.split))


if __name__ == "__main__":
    main()
