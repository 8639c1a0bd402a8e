"""Files that appear whole or not at all."""

import pytest

from enf2enf.errors import DatasetError
from enf2enf.files import replacing


def test_a_file_is_replaced_at_the_end_and_not_before(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with replacing(path, DatasetError) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(failure), replacing(path, DatasetError) as partial:
        partial.write_text("half")
        raise failure
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    path = tmp_path / "nowhere" / "file"
    refused = pytest.raises(DatasetError, match="file: expected a place to write to, got No such file or directory")
    with refused, replacing(path, DatasetError) as partial:
        partial.write_text("new")
