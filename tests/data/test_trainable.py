"""What can be learnt from: sizes, units and fields, refused by case when a data set is packed."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from enf2enf import io as mesh_io
from enf2enf.data import Dataset, pack
from enf2enf.data.cache import NAME
from enf2enf.data.split import split_hash
from enf2enf.data.trainable import check_extents
from enf2enf.errors import DatasetError, Enf2EnfError

sizes = st.lists(st.floats(1, 8), min_size=2, max_size=9)


@given(sizes=sizes, scale=st.sampled_from([1e-3, 1e-2, 39.37, 1e3]), data=st.data())
def test_one_size_in_another_unit_is_named_and_no_other(sizes, scale, data):
    unit = data.draw(st.sampled_from([1e-3, 1.0, 1e3]))
    names, extents = [f"c{k}" for k in range(len(sizes))], np.array(sizes) * unit
    check_extents(names, extents)
    odd = data.draw(st.integers(int(len(sizes) == 2), len(sizes) - 1))
    extents[odd] = np.median(extents) * scale * 8.1 ** np.sign(np.log(scale))
    with pytest.raises(DatasetError, match=f"^case 'c{odd}': expected an extent like the others") as caught:
        check_extents(names, extents)
    assert caught.value.got.endswith("m; is its length unit right?")


@given(st.lists(st.floats(1, 8), min_size=1, max_size=30))
def test_sizes_that_span_decades_without_a_gap_are_no_fault(steps):
    check_extents([str(k) for k in range(len(steps))], np.cumprod(np.minimum(steps, 7.9)) * 1e-3)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_case_in_the_wrong_unit_is_refused_when_packed(folder, part, scale):
    name = Dataset.open(folder).split[part][0]
    path = folder / "meshes" / f"{name}.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, type(mesh)(mesh.points * scale, mesh.cells, mesh.patches, mesh.point_data))
    with pytest.raises(
        DatasetError, match=rf"case '{name}': expected an extent like the others \(1 m\), got {scale:g}"
    ):
        pack(folder, iter)
    assert not (folder / NAME).exists()


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_a_fine_sampling_in_the_wrong_unit_is_refused_when_packed(folder, edit, scale):
    with np.load(folder / "fine.npz") as file:
        arrays = dict(file)
    np.savez(folder / "fine.npz", **arrays | {"points": arrays["points"] * scale})

    def validated(manifest):
        split = manifest["split"]
        split["validation"], split["test"] = split["validation"] + split["test"], []
        manifest["split_sha256"] = split_hash(split)

    with pytest.raises(DatasetError, match="case 'case_5', fine samples: expected points"):
        pack(edit(validated), iter)


@pytest.mark.parametrize("value", [0.0, 1e-60])
def test_a_field_of_zeros_is_refused_when_packed(folder, value):
    path = folder / "meshes" / "case_1.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, mesh.with_point_data({"stress": np.full(len(mesh.points), value)}))
    with pytest.raises(Enf2EnfError, match="case 'case_1', stress: expected a field that is not zero everywhere"):
        pack(folder, iter)
