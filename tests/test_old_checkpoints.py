"""A checkpoint of an older version is read as what it was built with."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest

from enf2enf.archive import named_arrays
from enf2enf.checkpoint import load, save

NEW = {  # lengths that were constants, or followed from others
    "encoder": ("latent_reaches", "decays", "wall_window", "box_decay"),
    "decoder": ("latent_reaches", "decays", "point_wavelengths"),
}


def aged(manifest, version):
    """The manifest as an older version wrote it, with a window and waves that are not the usual ones."""
    config = manifest["config"]
    manifest["version"] = version
    for part, names in NEW.items():
        config[part] = {name: value for name, value in config[part].items() if name not in names}
    config["encoder"]["window"], config["decoder"]["wavelengths"] = 0.25, [3.0, 0.5]
    del config["lengths"], manifest["shapes"]
    if version == 2:
        config["facets"], config["mirror"] = config.pop("panels"), config.pop("frames")["reflections"]


def age(file, old, version):
    """Write a checkpoint as an older version did."""
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(old, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            if name == "manifest.json":
                manifest = json.loads(data)
                aged(manifest, version)
                data = json.dumps(manifest)
            elif version == 2:
                name = name.replace(".transformer.", ".mixer.").replace(".norm_query.", ".norm_asker.")
            other.writestr(name, data)


@pytest.mark.parametrize("version", [2, 3])
def test_it_has_the_lengths_and_weights_it_was_built_with(surrogate, tmp_path, version):
    save(tmp_path / "new.enf", surrogate)
    age(tmp_path / "new.enf", tmp_path / "old.enf", version)
    again = load(tmp_path / "old.enf")
    encoder = dataclasses.replace(surrogate.config.encoder, window=0.25, wall_window=0.25)
    decoder = dataclasses.replace(surrogate.config.decoder, wavelengths=(3.0, 0.5), point_wavelengths=(3.0, 0.25))
    assert again.config == dataclasses.replace(surrogate.config, encoder=encoder, decoder=decoder)
    one, other = named_arrays(surrogate.model), named_arrays(again.model)
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
