"""A data set of halves: its cases are about the whole, and their fields are known on the side that was solved."""

import json

import numpy as np
import pytest
from sectors import Sector

from enf2enf.cli import main
from enf2enf.data import Dataset, PackedData
from enf2enf.data.subsample import subsample
from enf2enf.errors import DatasetError
from enf2enf.geometry import Geometry
from enf2enf.io import write

SECTORS = [Sector("quad", (0.02 * k,), 6, turn=0.3, size=0.5) for k in range(4)]
BOTH = ["front", "back"]


@pytest.fixture
def halves(tmp_path):
    """Made by the command, with a pressure at the nodes and an inflow along the plane."""
    rows = ["case,U,alpha_deg"]
    for number, sector in enumerate(SECTORS):
        half = sector.mesh("half")
        write(tmp_path / f"run{number}.vtu", half.with_point_data({"p": 1 + half.points[:, 0] ** 2}))
        rows.append(f"run{number},{10 + number},{np.rad2deg(sector.turn):.17g}")
    (tmp_path / "conditions.csv").write_text("\n".join(rows))
    options = ["--conditions", str(tmp_path / "conditions.csv"), "--vector", "inflow=U,alpha_deg", "--fields", "p"]
    planes = [word for patch in BOTH for word in ("--symmetry", patch)]
    shares, meshes = ["--split", "0.5,0.25,0,0.25", "--far"], ["--meshes", str(tmp_path / "*.vtu")]
    assert main(["dataset", "new", str(tmp_path / "set"), *meshes, *options, *planes, *shares, "-w", "wall"]) == 0
    return tmp_path / "set"


def assert_whole(geometry: Geometry, sector: Sector):
    whole = Geometry.from_mesh(sector.mesh("whole"), ("wall",), True)
    assert [len(wall) for wall in geometry.walls] == [len(wall) for wall in whole.walls]
    np.testing.assert_allclose(geometry.reach, whole.reach, atol=1e-12)
    np.testing.assert_allclose(geometry.centroid, whole.centroid, atol=1e-12)
    probes = sector.placed(np.random.default_rng(0).uniform(-1, 1, (200, 2)))
    np.testing.assert_allclose(geometry.signed_distance(probes), whole.signed_distance(probes), atol=1e-12)


def test_cases_are_about_the_whole_and_known_on_one_side(halves):
    dataset = Dataset.open(halves)
    assert dataset.manifest["symmetry"] == BOTH
    for number, sector in enumerate(SECTORS):
        case, half = dataset.case(f"run{number}"), sector.mesh("half")
        assert_whole(case.geometry, sector)
        np.testing.assert_allclose(case.solution.points, half.points, atol=1e-12)
        np.testing.assert_allclose(case.solution["p"], 1 + half.points[:, 0] ** 2)
    packed = PackedData.load(halves, iter)
    for index, name in enumerate(packed.names):
        assert_whole(packed.geometry(index), SECTORS[int(name[-1])])
    assert main(["dataset", "check", str(halves)]) == 0


@pytest.mark.parametrize("options", [[], ["-w", "wall"], ["-w", "wall", "--far"]])
def test_of_halves_without_their_planes_the_refusal_hints_at_them(options, tmp_path, capsys):
    half = SECTORS[0].mesh("half")
    for number in range(2):
        write(tmp_path / f"run{number}.vtu", half.with_point_data({"p": 1 + half.points[:, 0] ** 2}))
    given = ["--meshes", str(tmp_path / "*.vtu"), "--fields", "p", "--split", "0.5,0.5,0,0", *options]
    assert main(["dataset", "new", str(tmp_path / "set"), *given]) == 1
    assert "; is it half a domain, with a patch of symmetry?" in capsys.readouterr().err


def test_a_thinned_one_is_still_of_halves(halves, tmp_path):
    subsample(halves, tmp_path / "thin", 0.5, 0, iter)
    assert_whole(Dataset.open(tmp_path / "thin").case("run2").geometry, SECTORS[2])


SPOILT = {
    "an inflow across": (lambda m: m["cases"]["run1"]["conditions"].update(inflow=[1.0, 2.0]),
                         r"case 'run1', condition 'inflow': expected along the plane of symmetry, got \[1.0, 2.0\]"),
    "an unknown patch": (lambda m: m.update(symmetry=["plane"]),
                         r"case 'run1', symmetry: expected patches among \['back', .*, 'wall'\], got 'plane'"),
    "a wall": (lambda m: m.update(symmetry=[*BOTH, "wall"]),
               "case 'run1', symmetry: expected patches that are no walls, got edges of the wall 'wall'"),
    "a text": (lambda m: m.update(symmetry="front"), "symmetry: expected a list of patch names, got 'front'"),
}  # fmt: skip


@pytest.mark.parametrize("sin", SPOILT)
def test_what_is_no_half_is_refused_by_its_case(halves, sin):
    change, sentence = SPOILT[sin]
    manifest = json.loads((halves / "dataset.json").read_text())
    change(manifest)
    (halves / "dataset.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match=f"^{sentence}"):
        Dataset.open(halves).case("run1")
