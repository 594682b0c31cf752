import subprocess
import sys

import pytest

from neurodecode.core.files import remove_orphans, whole_file, write_json


def test_a_file_is_whole_or_absent(tmp_path):
    path = tmp_path / "a" / "b.json"
    with pytest.raises(RuntimeError), whole_file(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(path.parent.iterdir()) == []
    write_json(path, {"b": 1, "a": 2})
    assert path.read_text() == '{\n "a": 2,\n "b": 1\n}\n'


def test_only_leftovers_of_dead_writers_are_removed(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f".x.npy.{dead.pid}.abc.tmp").write_text("")
    (tmp_path / f".key.{dead.pid}.abc.tmp").mkdir()
    alive = tmp_path / f".x.npy.{subprocess.os.getpid()}.abc.tmp"
    alive.write_text("")
    assert remove_orphans(tmp_path) == 2
    assert list(tmp_path.iterdir()) == [alive]


def test_import_is_light():
    heavy = "{'torch', 'mne', 'nilearn', 'sklearn', 'pandas', 'matplotlib', 'scipy', 'numpy'}"
    code = f"import sys, neurodecode, neurodecode.cli; print(*{heavy} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == []
