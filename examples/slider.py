"""A field that follows a slider: every position is a question to the server, answered while it is dragged.

    enf2enf serve my_model.enf
    python examples/slider.py my_mesh.vtu --vary heat
    python examples/slider.py --out slider.png    # no window: both ends as slider_0.png and slider_1.png

It moves one condition (of a vector the first component) through its trained range; others stay in the middle.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

import enf2enf_meshes
from enf2enf.client import Client
from enf2enf.errors import Enf2EnfError
from enf2enf.grid import Grid

PROBE = "import pyvista; pyvista.Plotter(off_screen=True).screenshot(return_img=True)"

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", nargs="?", default=enf2enf_meshes.path("unit_cell_vtu"), help="any mesh file of a plane")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("--vary", help="the condition to move; the first one if not given")
parser.add_argument("--out", type=Path, help="write pictures, open no window")
options = parser.parse_args()
if subprocess.run([sys.executable, "-c", PROBE], capture_output=True).returncode:  # else VTK would end this process
    sys.exit("drawing needs pip install 'enf2enf[scenes]' and an OpenGL library: apt install libegl1 libgl1-mesa-dri")
import pyvista  # noqa: E402

try:
    with Client(options.target) as client:
        model, shape = client.describe(), client.encode(options.mesh)
        if (vary := options.vary or next(iter(model.trained), None)) not in model.trained:
            sys.exit(f"--vary: expected one of the conditions {sorted(model.trained)} of {model.name}, got {vary!r}")
        (low, *_), (high, *_) = model.trained[vary]
        middle, field = {name: np.mean(span, axis=0) for name, span in model.trained.items()}, model.schema.fields[0]
        grid = Grid(*shape.bounds, (200, 200))

        def _ask(value: float) -> pyvista.ImageData:
            return client.decode(shape, middle | {vary: [value, *middle[vary][1:]]}, grid).to_pyvista()

        def _move(value: float) -> None:
            image[field.name] = _ask(value)[field.name]

        image, ends = _ask(low), np.concatenate([_ask(value)[field.name] for value in np.linspace(low, high, 5)])
        plotter = pyvista.Plotter(off_screen=options.out is not None, window_size=(900, 800))
        bar, span = {"title": f"{field.name} [{field.unit}]", "n_labels": 2}, (np.nanmin(ends), np.nanmax(ends))
        plotter.add_mesh(image, scalars=field.name, clim=span, nan_color="white", lighting=False, scalar_bar_args=bar)
        place = {"pointa": (0.25, 0.93), "pointb": (0.75, 0.93), "interaction_event": "always"}
        slider = plotter.add_slider_widget(_move, (low, high), value=low, title=vary, **place)
        plotter.view_xy()
        for number, value in enumerate((low, high) if options.out else ()):
            slider.GetRepresentation().SetValue(value)
            _move(value)
            plotter.render()
            plotter.screenshot(options.out.with_stem(f"{options.out.stem}_{number}"))
        if not options.out:
            plotter.show()
except Enf2EnfError as error:
    sys.exit(str(error))
