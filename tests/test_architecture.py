"""The house rules that a machine can check."""

import ast
import itertools
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("enf2enf", "server", "protos", "meshes", "tests", "benchmarks", "examples")
STUBS = ("_pb2", "_pb2_grpc")
OURS = sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py") if not p.stem.endswith(STUBS))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
IMPORTED = {"enf2enf": "enf2enf", "server": "enf2enf_server", "protos": "enf2enf_protos", "meshes": "enf2enf_meshes"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OURS, ids=name)
def test_one_small_noun_a_file(path):
    source = path.read_text()
    assert len(source.splitlines()) <= 300
    assert path.stem not in {"utils", "util", "common", "helpers", "helper", "misc"}
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    long = [f.name for f in functions if f.end_lineno - f.lineno >= 50]
    assert not long, f"more than 50 lines: {long}"


@pytest.mark.slow
def test_no_bare_except_and_nothing_left_to_do():
    for path in OURS:
        if path == Path(__file__):
            continue
        handlers = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ExceptHandler)]
        assert all(handler.type is not None for handler in handlers), f"bare except in {name(path)}"
        assert not re.search(r"\b(TODO|FIXME|XXX)\b", path.read_text()), f"something to do in {name(path)}"


def test_the_network_opens_no_files():
    for folder, path in itertools.product(("nn", "model"), OURS):
        if path.is_relative_to(ROOT / "enf2enf" / folder):
            calls = [n.func for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
            assert not [c for c in calls if isinstance(c, ast.Name) and c.id == "open"], f"open() in {name(path)}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("enf2enf", {"jax", "numpy", "grpc"}),
        ("enf2enf.client", {"jax", "equinox", "vtk", "vtkmodules", "pyvista", "skfem", "scipy", "matplotlib"}),
        ("enf2enf.data.cache", {"jax", "meshio", "shapely", "skfem", "scipy", "matplotlib", "h5py"}),
        ("enf2enf.train.run", {"meshio", "shapely", "skfem", "scipy.spatial", "matplotlib", "pyvista", "h5py", "grpc"}),
        ("enf2enf.surrogate", {"meshio", "skfem", "matplotlib", "pyvista", "h5py", "grpc", "enf2enf_protos"}),
        ("enf2enf.cli", {"jax", "grpc", "skfem", "matplotlib", "pyvista", "enf2enf_server"}),
        ("enf2enf_server", {"jax", "grpc"}),
        ("enf2enf_server.ops.supervise", {"jax", "grpc", "numpy"}),
    ],
)
def test_imports_stay_light(module, unwanted):
    """In a fresh interpreter, since this one has long imported everything."""
    program = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd="/", check=False)
    assert run.returncode == 0, run.stderr
    assert not unwanted & set(run.stdout.split())


def test_public_names_are_there():
    import enf2enf

    assert sorted(enf2enf._HOMES) == enf2enf.__all__ and {*enf2enf.__all__, "__version__"} <= set(dir(enf2enf))
    for name in enf2enf.__all__:
        assert getattr(enf2enf, name).__name__ == name
    assert all(getattr(enf2enf, public).__name__ == public for public in enf2enf.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        enf2enf.lode  # noqa: B018


@pytest.mark.parametrize("path", sorted((ROOT / "enf2enf" / "presets").glob("*.toml")), ids=lambda p: p.stem)
def test_every_option_in_a_preset_is_known_and_survives(path):
    from enf2enf.model.config import ModelConfig
    from enf2enf.settings import from_dict, preset
    from enf2enf.train.config import TrainConfig

    tables = preset(path.stem)
    assert set(tables) == {"model", "train"}
    model = from_dict(ModelConfig, tables["model"], "model")
    from_dict(TrainConfig, tables["train"], "train")
    assert from_dict(ModelConfig, model.to_dict(), "model") == model


def test_readme_names_the_two_commands():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = re.findall(r"`?make ([a-z][\w-]*)`?", (ROOT / "README.md").read_text())
    assert {"demo", "test"} <= set(told)
    assert set(told) <= set(targets)


def test_every_package_is_listed():
    """A sub-package missing from `packages` works in a checkout and is absent from the wheel."""
    found = set()
    for folder, imported in IMPORTED.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            found.add(".".join([imported, *init.parent.relative_to(ROOT / folder).parts]))
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found
    homeless = [p for p in OURS if p.parts[len(ROOT.parts)] in IMPORTED and not (p.parent / "__init__.py").exists()]
    assert not homeless


@pytest.mark.slow
def test_wheel_holds_what_a_user_needs(tmp_path):
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    tree = tmp_path / "tree"
    tree.mkdir()
    for entry in ("pyproject.toml", "README.md", "LICENSE", *IMPORTED):
        subprocess.run(["cp", "-r", str(ROOT / entry), str(tree)], check=True)
    run = subprocess.run([sys.executable, "-c", build, tmp_path], cwd=tree, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {entry.split("/")[0] for entry in held if ".dist-info/" not in entry} == set(IMPORTED.values())
    assert {f"{imported}/py.typed" for imported in IMPORTED.values()} <= held
    for folder, imported in IMPORTED.items():
        kept = [p for p in (ROOT / folder).rglob("*") if p.suffix in {".py", ".toml", ".proto", ".pyi", ".enf"}]
        kept += [p for p in (ROOT / folder).rglob("*") if folder == "meshes" and p.suffix in {".vtu", ".json", ".csv"}]
        wanted = {f"{imported}/{p.relative_to(ROOT / folder)}" for p in kept}
        assert wanted <= held, sorted(wanted - held)
    assert not [entry for entry in held if "__pycache__" in entry]
