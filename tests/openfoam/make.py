"""How the cases beside this file were made: laminar flow past ellipses by OpenFOAM's simpleFoam (1912), in seconds.

    python make.py FOLDER

Every ellipse of one metre's length has a thickness, an incidence and a speed of its own, at a Reynolds number of 8 to
30. A case is left as a folder with its mesh, one cell thick, and the fields of its last step: pressure (per density),
velocity, and the shear stress at the wall.
"""

import csv
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

AROUND, ACROSS, FAR, NU = 12, 20, 5.0, 0.05  # cells of a quarter and outwards, lengths to the outer boundary, m2/s
STEPS = 400
SHAPES = [  # thickness, incidence in degrees, speed in m/s
    (1.0, 0.0, 1.0), (0.8, 10.0, 1.2), (0.6, -15.0, 0.9), (0.7, 25.0, 0.7), (0.9, 5.0, 1.4), (0.5, 0.0, 1.0),
    (0.65, -8.0, 0.6), (0.75, 18.0, 1.1),
]  # fmt: skip
HEAD = "FoamFile {{ version 2.0; format ascii; class {}; object {}; }}\n"

CONTROL = """
application simpleFoam; startFrom startTime; startTime 0; stopAt endTime; endTime {steps}; deltaT 1;
writeControl timeStep; writeInterval {steps}; writeFormat ascii; writePrecision 6; writeCompression on;
timeFormat general; timePrecision 6; runTimeModifiable false;
functions
{{
    shear {{ type wallShearStress; libs (fieldFunctionObjects); executeControl onEnd; writeControl onEnd; log false; }}
}}
"""
SCHEMES = """
ddtSchemes { default steadyState; }
gradSchemes { default Gauss linear; }
divSchemes { default none; div(phi,U) bounded Gauss linearUpwind grad(U);
             div((nuEff*dev2(T(grad(U))))) Gauss linear; }
laplacianSchemes { default Gauss linear corrected; }
interpolationSchemes { default linear; }
snGradSchemes { default corrected; }
"""
SOLUTION = """
solvers
{
    p { solver PCG; preconditioner DIC; tolerance 1e-10; relTol 0.05; }
    U { solver PBiCGStab; preconditioner DILU; tolerance 1e-11; relTol 0.1; }
}
SIMPLE { consistent yes; nNonOrthogonalCorrectors 1; residualControl { p 1e-6; U 1e-6; } }
relaxationFactors { equations { U 0.9; } fields { p 0.9; } }
"""


def mesh(thickness: float) -> str:
    """A `blockMeshDict`: four blocks around an ellipse, out to a circle."""

    def place(radii: tuple[float, float], angle: float, z: int) -> str:
        return f"({radii[0] * math.cos(angle):.9g} {radii[1] * math.sin(angle):.9g} {z})"

    rings = [(0.5, 0.5 * thickness), (FAR, FAR)]
    quarters = [math.pi / 2 * quarter for quarter in range(4)]
    vertices = " ".join(place(radii, angle, z) for z in (0, 1) for radii in rings for angle in quarters)
    blocks, edges, wall, far = "", "", "", ""
    for here in range(4):
        ahead = (here + 1) % 4
        corners = [here, here + 4, ahead + 4, ahead]
        nodes = " ".join(map(str, [*corners, *(corner + 8 for corner in corners)]))
        blocks += f"hex ({nodes}) ({ACROSS} {AROUND} 1) simpleGrading (25 1 1)\n"
        for z in (0, 1):
            for ring, radii in enumerate(rings):
                on = [place(radii, quarters[here] + math.pi / 2 * k / AROUND, z) for k in range(1, AROUND)]
                edges += f"polyLine {here + 4 * ring + 8 * z} {ahead + 4 * ring + 8 * z} ({' '.join(on)})\n"
        wall += f"({here} {ahead} {ahead + 8} {here + 8}) "
        far += f"({here + 4} {ahead + 4} {ahead + 12} {here + 12}) "
    return (
        f"scale 1;\nvertices ({vertices});\nblocks ({blocks});\nedges ({edges});\nboundary (\n"
        f"ellipse {{ type wall; faces ({wall}); }}\nfreestream {{ type patch; faces ({far}); }}\n"
        ");\ndefaultPatch { name frontAndBack; type empty; }\n"
    )


def fields(speed: float, incidence: float) -> dict[str, tuple[str, str]]:
    """Name -> class and text of the fields at the start."""
    turn = math.radians(incidence)
    inflow = f"({speed * math.cos(turn):.9g} {speed * math.sin(turn):.9g} 0)"
    empty = "frontAndBack { type empty; } }\n"
    free = f"type freestreamVelocity; freestreamValue uniform {inflow}; value uniform {inflow};"
    velocity = (
        f"dimensions [0 1 -1 0 0 0 0];\ninternalField uniform {inflow};\nboundaryField {{ "
        f"ellipse {{ type noSlip; }} freestream {{ {free} }} {empty}"
    )
    pressure = (
        "dimensions [0 2 -2 0 0 0 0];\ninternalField uniform 0;\nboundaryField { ellipse { type zeroGradient; } "
        f"freestream {{ type freestreamPressure; freestreamValue uniform 0; value uniform 0; }} {empty}"
    )
    return {"U": ("volVectorField", velocity), "p": ("volScalarField", pressure)}


def write(case: Path, place: str, kind: str, text: str) -> None:
    path = case / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.format(kind, path.name) + text)


def solve(case: Path, thickness: float, incidence: float, speed: float) -> None:
    """Writes a case and solves it; the ellipse lies along x, and the flow comes at an incidence."""
    write(case, "system/controlDict", "dictionary", CONTROL.format(steps=STEPS))
    write(case, "system/fvSchemes", "dictionary", SCHEMES)
    write(case, "system/fvSolution", "dictionary", SOLUTION)
    write(case, "system/blockMeshDict", "dictionary", mesh(thickness))
    write(case, "constant/transportProperties", "dictionary", f"transportModel Newtonian; nu {NU};\n")
    write(case, "constant/turbulenceProperties", "dictionary", "simulationType laminar;\n")
    for name, (kind, text) in fields(speed, incidence).items():
        write(case, f"0/{name}", kind, text)
    share = Path(os.environ.get("WM_PROJECT_DIR") or Path(shutil.which("simpleFoam")).parent.parent / "share/openfoam")
    environment = dict(os.environ, WM_PROJECT_DIR=str(share), FOAM_ETC=str(share / "etc"), OMP_NUM_THREADS="1")
    for command in ("blockMesh", "simpleFoam"):
        with open(case / f"log.{command}", "w") as log:
            subprocess.run([command, "-case", str(case)], stdout=log, stderr=log, env=environment, check=True)


def tidy(case: Path) -> str:
    """Leaves what a reader needs of a case, in little; returns the last step."""
    steps = sorted((path for path in case.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))
    kept = {"p.gz", "U.gz", "wallShearStress.gz"}
    for path in steps[-1].iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in [*steps[:-1], *case.glob("log.*"), case / "postProcessing", case / "dynamicCode"]:
        if path.is_dir():
            shutil.rmtree(path)
        elif path.exists():
            path.unlink()
    for place in ("system/blockMeshDict", "system/fvSchemes", "system/fvSolution", "constant/turbulenceProperties"):
        (case / place).unlink()
    return steps[-1].name


def main(folder: Path) -> None:
    rows = []
    for number, (thickness, incidence, speed) in enumerate(SHAPES):
        case = folder / "cases" / f"ellipse{number}"
        solve(case, thickness, incidence, speed)
        print(case, "converged" if tidy(case) != str(STEPS) else "not converged")
        rows.append([case.name, speed, incidence])
    with open(folder / "conditions.csv", "w", newline="") as file:
        csv.writer(file).writerows([["case", "U [m/s]", "alpha_deg"], *rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
