import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.files import whole_folder
from neurodecode.data._made_from import prepared_key
from neurodecode.data.prepared import Failed, describe_key, look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, Variant
from neurodecode.data.worker import Worker
from neurodecode.signal.channels import Pick, Scale
from neurodecode.signal.confounds import Clean
from neurodecode.signal.filters import Filter
from neurodecode.signal.glm import Glm
from neurodecode.signal.reference import Reference


@pytest.fixture(scope="module")
def worker():
    with Worker() as made:
        yield made


@pytest.fixture
def found(tmp_path, raw):
    """Three recordings in files, the third with another level."""
    for run in "123":
        raw._data *= 1.0 if run != "3" else 1.5
        raw.save(tmp_path / f"run{run}_raw.fif", verbose="error")
    card = Card("own", "eeg", reader=Variant("files", Options("run{run}_raw.fif")))
    return find_recordings(card, "", tmp_path)


def test_prepared_values_equal_the_plain_recipe_to_the_bit(found, own_cache, worker):
    steps = [Filter(8, 30), Scale(3.0)]
    outcomes = prepare(found, steps, own_cache, worker=worker)
    for one, made in zip(found, outcomes, strict=True):
        expected = steps[1](steps[0](one.load()))
        np.testing.assert_array_equal(made.part.open(), expected.data)
        assert made.part.open().dtype == np.float64
        assert made.signal.space == expected.space and made.signal.rank == 6
        assert made.signal.events.equals(expected.events)
        assert made.signal.data is None


def test_what_is_prepared_is_not_prepared_again(found, own_cache, worker):
    first = prepare(found[:2], [Filter(8, 30)], own_cache, worker=worker)
    # A worker that cannot start shows that none is needed.
    second = prepare(found, [Filter(8.0, 30.0)], own_cache, worker=worker)
    assert [one.cached for one in second] == [True, True, False]
    assert [one.key for one in second[:2]] == [one.key for one in first]


def test_equal_files_are_prepared_once(found, own_cache, worker):
    made = prepare(found[:2], [], own_cache, worker=worker)
    assert made[0].key == made[1].key and made[1].cached
    assert made[1].recording.run == "2"


def test_look_computes_nothing(found, own_cache, worker):
    prepare(found[:1], [Filter(8, 30)], own_cache, worker=worker)
    before = sorted(own_cache.rglob("*"))
    planned = look(found, [Filter(4, 30), Pick(("Cz", "Pz")), Reference()], own_cache, worker)
    assert sorted(own_cache.rglob("*")) == before
    for one in planned:
        assert one.part is None and not one.cached
        assert one.signal.space.names == ("Cz", "Pz") and one.signal.rank == 1
        assert one.signal.n_times == 1024 and len(one.signal.events) == 4


def test_look_says_what_prepare_gives(found, own_cache, worker):
    steps = [Pick(("Cz", "Pz", "Oz"))]
    planned = look(found, steps, own_cache, worker)
    made = prepare(found, steps, own_cache, worker=worker)
    for before, after in zip(planned, made, strict=True):
        assert before.key == after.key and before.folder == after.folder
        assert before.signal.space is after.signal.space


def test_look_opens_no_reader_for_what_is_cached(found, own_cache, worker):
    prepare(found, [], own_cache, worker=worker)
    idle = Worker()
    assert all(one.cached for one in look(found, [], own_cache, idle))
    assert idle.pid is None


def test_every_argument_and_version_is_part_of_the_key(found, monkeypatch):
    one = found[0]
    keys = {
        prepared_key(one, steps)
        for steps in (
            [],
            [Filter(8, 30)],
            [Filter(8, 31)],
            [Filter(8, 30, method="iir")],
            [Filter(8, 30), Scale(2.0)],
            [Scale(2.0), Filter(8, 30)],
        )
    }
    monkeypatch.setattr(Filter, "version", 2)
    keys.add(prepared_key(one, [Filter(8, 30)]))
    assert len(keys) == 7
    assert prepared_key(found[2], []) not in keys


def test_the_library_that_a_preparation_computes_with_is_part_of_the_key(found, monkeypatch):
    monkeypatch.setattr("neurodecode.data._made_from._minor_version", lambda name: f"{name} 1.0")
    before = [prepared_key(found[0], steps) for steps in ([Glm()], [Clean()], [Scale(2.0)])]
    monkeypatch.setattr(
        "neurodecode.data._made_from._minor_version",
        lambda name: f"{name} {'1.1' if name == 'nilearn' else '1.0'}",
    )
    after = [prepared_key(found[0], steps) for steps in ([Glm()], [Clean()], [Scale(2.0)])]
    assert before[0] != after[0] and before[1] != after[1]
    assert before[2] == after[2]


def test_an_argument_at_its_default_is_part_of_the_key():
    @dataclass(frozen=True)
    class Step:
        size: float = 1.0
        version: ClassVar[int] = 1

    @dataclass(frozen=True)
    class Corrected:
        size: float = 2.0
        version: ClassVar[int] = 1

    Corrected.__name__ = "Step"
    from neurodecode.core.recording import Recording

    one = Recording("1", "1", "1", "eeg", (), {}, print, print)
    assert prepared_key(one, [Step()]) != prepared_key(one, [Corrected()])


def test_spaces_with_one_content_are_one_object(found, own_cache, worker):
    made = prepare(found, [], own_cache, worker=worker)
    assert len({id(one.signal.space) for one in made}) == 1
    assert made[0].part.space is made[0].signal.space


def test_a_space_keeps_all_it_knows(in_memory, own_cache):
    one = in_memory()
    signal = one.load()
    space = replace(
        signal.space,
        positions=np.arange(9.0).reshape(3, 3),
        normals=np.eye(3),
        names=("a", "b", "c"),
    )
    one = replace(one, load=lambda: replace(signal, space=space, tmin=0.25))
    (made,) = prepare([one], [], own_cache)
    assert made.signal.space == space and made.signal.tmin == made.part.tmin == 0.25
    np.testing.assert_array_equal(made.signal.space.normals, np.eye(3))


def test_arrays_in_memory_are_prepared_in_this_process(in_memory, own_cache):
    idle = Worker()
    (made,) = prepare([in_memory()], [Scale(2.0)], own_cache, worker=idle)
    assert idle.pid is None
    np.testing.assert_array_equal(made.part.open(), in_memory().load().data * 2)


def test_one_damaged_file_does_not_stop_the_others(found, own_cache, worker):
    path = found[1].files[0].path
    path.write_bytes(path.read_bytes()[:3000])
    card = Card("own", "eeg", reader=Variant("files", Options("run{run}_raw.fif")))
    found = find_recordings(card, "", path.parent)
    for outcomes in (
        prepare(found, [], own_cache, worker=worker),
        look(found, [Scale(2.0)], own_cache, worker),
    ):
        assert [isinstance(one, Failed) for one in outcomes] == [False, True, False]
        assert str(path) in outcomes[1].message and "Fetch it again" in outcomes[1].message
        assert outcomes[1].recording.run == "2"


def test_a_preparation_that_crashes_becomes_a_failure_that_names_the_file(
    found, own_cache, worker, monkeypatch
):
    import importlib

    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    deadly = importlib.import_module("worker_jobs").Deadly()
    with Worker() as own:  # started now, so that it knows the path above
        outcomes = prepare(found[2:], [deadly], own_cache, worker=own)
    assert isinstance(outcomes[0], Failed)
    assert "run3_raw.fif" in outcomes[0].message and "SIGABRT" in outcomes[0].message


def test_an_error_of_a_preparation_names_the_recording(found, own_cache, worker):
    (one,) = prepare(found[:1], [Pick(("Cx",))], own_cache, worker=worker)
    assert "sub-01_ses-1_run-1" in one.message and "'Cx'" in one.message


def test_half_a_folder_is_never_seen(in_memory, own_cache, monkeypatch):
    def broken(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("neurodecode.data._folders.write", broken)
    with pytest.raises(DataError, match=r"the disk of the cache folder is full.*NEURODECODE_CACHE"):
        prepare([in_memory()], [], own_cache)
    assert list((own_cache / "prepared").iterdir()) == []


def test_the_folder_of_whoever_was_first_stays(in_memory, own_cache):
    (first,) = prepare([in_memory()], [], own_cache)
    with whole_folder(first.folder) as late:
        (late / "data.npy").write_bytes(b"late")
    np.testing.assert_array_equal(first.part.open(), in_memory().load().data)


def test_what_writers_that_are_gone_left_is_removed(in_memory, own_cache):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left = own_cache / "prepared" / f".key.{gone.pid}.abc.tmp"
    working = own_cache / "prepared" / f".key.{os.getpid()}.abc.tmp"
    left.mkdir(parents=True)
    working.mkdir()
    prepare([in_memory()], [], own_cache)
    assert not left.exists() and working.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_to_is_named(in_memory, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="Set NEURODECODE_CACHE"):
        prepare([in_memory()], [], tmp_path)


def test_a_cache_that_is_a_file_is_named(in_memory, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(DataError, match=r"cache: a file stands where .* set NEURODECODE_CACHE"):
        prepare([in_memory()], [], tmp_path / "cache")


def test_a_key_is_explained(found, own_cache, worker):
    (made,) = prepare(found[:1], [Filter(8, 30)], own_cache, worker=worker)
    said = describe_key(made.key, own_cache)
    assert "run1_raw.fif" in said and "'l_freq': 8" in said and "'order': 4" in said
    with pytest.raises(DataError, match="no prepared signal nothing"):
        describe_key("nothing", own_cache)


def test_progress_passes_recordings_on(in_memory, own_cache):
    seen = []

    def progress(items, what, total, unit):
        seen.append((what, total, unit))
        return items

    prepare([in_memory()], [], own_cache, progress=progress)
    assert seen == [("prepare", 1, "recording")]
