"""What the cache holds is listed and cleared, and what others use or own stays."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from neurodecode.core import digest
from neurodecode.core.errors import DataError
from neurodecode.core.files import write_json
from neurodecode.data import cache as cache_module
from neurodecode.data.cache import (
    COMPUTED,
    CacheUnwritable,
    clear,
    entries,
    mark_running,
    note_fetched,
    of_card,
    unwritable,
)
from neurodecode.data.prepared import prepare
from neurodecode.signal.filters import Filter

KEY = "0123456789abcdef" * 2
OTHER = KEY[::-1]


@pytest.fixture
def filled(own_cache, in_memory):
    """A cache with one of everything, and with what is a person's own."""
    prepare([in_memory()], [Filter(8, 30)], own_cache)
    (made,) = (own_cache / "prepared").iterdir()
    (own_cache / "stages").mkdir()
    np.save(own_cache / "stages" / f"{made.name}-{KEY}.npy", np.zeros(1000))
    write_json(own_cache / "manifests" / f"{KEY}.json", {"path": "/root/own/a.edf", "sha256": "x"})
    write_json(own_cache / "evaluations" / KEY / "jobs.json", {"title": "Hands"})
    (own_cache / "data/own/deep").mkdir(parents=True)
    for name in ("deep/fetched.edf", "mine.edf", "next.edf.part"):
        (own_cache / "data/own" / name).write_bytes(bytes(100))
    note_fetched(own_cache, "own", "deep/fetched.edf")
    for name in ("prepared/notes.txt", "evaluations/mine", "letters"):
        (own_cache / name).write_text("mine")
    return own_cache


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def at_work(cache, code=""):
    """Start a process that uses the cache, and wait until it does."""
    said = (
        f"from neurodecode.data.cache import mark_running; from pathlib import Path; import sys\n\
mark_running(Path({str(cache)!r})); {code}\nprint('on', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", said], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "on\n"
    return child


def test_every_kind_is_listed_with_its_size_and_what_it_is_of(filled):
    found = {one.kind: one for one in entries(filled)}
    assert list(found) == ["prepared", "stages", "manifests", "evaluations", "downloads"]
    assert found["prepared"].what == "sub-01_ses-1_run-1 filter"
    assert found["prepared"].size == sum(p.stat().st_size for p in found["prepared"].path.iterdir())
    assert found["stages"].name == KEY
    assert found["stages"].what == f"of {found['prepared'].name[:8]} sub-01_ses-1_run-1 filter"
    assert found["manifests"].what == "/root/own/a.edf"
    assert found["evaluations"].what == "Hands"
    assert (found["downloads"].size, found["downloads"].what) == (200, "2 files")


def test_clearing_leaves_what_is_a_persons_own(filled):
    gone, kept = clear(entries(filled), filled)
    assert (len(gone), kept) == (5, [])
    assert names(filled) == [
        "data/own/mine.edf", "evaluations/mine", "letters", "prepared/notes.txt",
        f"running/{os.getpid()}",
    ]  # fmt: skip
    assert not (filled / "data/own/deep").exists()
    assert entries(filled, COMPUTED) == []


def test_a_key_here_is_a_digest():
    assert cache_module._LENGTH == digest.LENGTH
    assert cache_module._KEY.fullmatch(digest.digest("x") + ".npy")


def test_an_empty_or_absent_cache_holds_nothing(tmp_path):
    assert entries(tmp_path) == entries(tmp_path / "none") == []
    assert clear([], tmp_path / "none") == ([], [])


def test_what_a_process_at_work_has_used_stays(filled):
    (used,) = (filled / "prepared").glob("[0-9a-f]*")
    for one in filled.rglob("*"):
        os.utime(one, (1e9, 1e9))  # long ago
    child = at_work(filled)
    try:
        os.utime(used / "meta.json")
        gone, kept = clear(entries(filled, COMPUTED), filled)
        assert [one.path for one in kept] == [used]
        assert len(gone) == 3
    finally:
        child.communicate()
    assert clear(entries(filled, COMPUTED), filled)[1] == []
    assert not list((filled / "running").glob(str(child.pid)))  # it took its mark along


def test_the_mark_of_a_process_that_was_killed_holds_nothing(filled):
    child = at_work(filled)
    child.kill()
    child.communicate()
    assert (filled / "running" / str(child.pid)).is_file()
    assert clear(entries(filled, COMPUTED), filled)[1] == []
    assert not (filled / "running" / str(child.pid)).exists()


def test_what_is_being_written_stays_and_what_dead_writers_left_goes(filled):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    writing = [
        filled / f"prepared/.{OTHER}.{os.getppid()}.abc.tmp/data.npy",
        filled / f"evaluations/{KEY}/jobs/.{OTHER}.{os.getppid()}.abc.tmp/done.json",
        filled / f"data/own/.next.edf.{os.getppid()}.part",
    ]
    left = filled / f"prepared/.{OTHER}.{gone.pid}.abc.tmp/data.npy"
    for one in (*writing, left):
        one.parent.mkdir(parents=True, exist_ok=True)
        one.touch()
    _, kept = clear(entries(filled), filled)
    assert [one.kind for one in kept] == ["evaluations", "downloads"]
    assert all(one.is_file() for one in writing)
    assert not left.parent.exists()


def test_entries_of_a_card(own_cache, filled, raw, real):
    from neurodecode.data.cards import load_card
    from neurodecode.data.readers import find_recordings

    root = real("eegbci", "S002R04.edf")
    found = find_recordings(load_card("eegbci"), "", root, subjects=["002"], runs=["04"])
    prepare(found, [], own_cache)
    mine = [one for one in entries(own_cache) if of_card(one, "eegbci")]
    assert [one.kind for one in mine] == ["prepared", "manifests"]
    assert mine[0].what == "sub-002_ses-1_run-04"
    assert [one.kind for one in entries(own_cache) if of_card(one, "own")] == [
        "manifests", "downloads",
    ]  # fmt: skip


def test_to_use_a_signal_again_is_noted(own_cache, in_memory):
    prepare([in_memory()], [], own_cache)
    (meta,) = own_cache.glob("prepared/*/meta.json")
    os.utime(meta, (1e9, 1e9))
    assert entries(own_cache)[0].used == 1e9
    prepare([in_memory()], [], own_cache)
    assert entries(own_cache)[0].used > 1e9


def test_a_damaged_entry_can_be_cleared(own_cache):
    (own_cache / "prepared" / KEY).mkdir(parents=True)
    (own_cache / "prepared" / OTHER).mkdir()
    (own_cache / "prepared" / OTHER / "meta.json").write_text("{")
    found = entries(own_cache)
    assert [one.what for one in found] == ["damaged", "damaged"]
    assert clear(found, own_cache) == (found, [])


def test_names_that_lead_out_of_the_folder_are_not_followed(own_cache):
    (own_cache / "data/own").mkdir(parents=True)
    (own_cache / "victim").write_text("mine")
    for place in ("../../victim", str(own_cache / "victim"), ""):
        note_fetched(own_cache, "own", place)
    clear(entries(own_cache), own_cache)
    assert (own_cache / "victim").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, None])
def test_a_full_disk_is_a_sentence_with_what_clearing_frees(filled, number):
    error = OSError(number, "full") if number else OSError("1000 requested and 0 written")
    size = sum(one.size for one in entries(filled, COMPUTED)) / 1e6
    said = str(unwritable(filled, error))
    assert f"{filled}: the disk of the cache folder is full. Set NEURODECODE_CACHE" in said
    assert f"neurodecode cache clear --all frees {size:.1f} MB" in said


def test_a_disk_that_fills_up_stops_all_recordings_and_leaves_nothing_half(
    own_cache, in_memory, monkeypatch
):
    save, saved = np.save, []

    def full(file, *arguments, **options):
        saved.append(file)
        if len(saved) == 2:
            file.write_bytes(b"half")
            raise OSError("3600 requested and 4 written")  # as numpy says it
        save(file, *arguments, **options)

    monkeypatch.setattr(np, "save", full)
    recordings = [in_memory(run=run) for run in ("1", "2", "3")]
    with pytest.raises(CacheUnwritable, match="cache folder is full"):
        prepare(recordings, [], own_cache)
    assert len(saved) == 2  # the third was not tried
    (whole,) = (own_cache / "prepared").iterdir()
    assert (whole / "meta.json").is_file()


@pytest.mark.parametrize("there", ["prepared", "manifests"])
def test_a_file_where_a_folder_must_be_is_named(own_cache, found_here, there):
    (own_cache / there).write_text("mine")
    with pytest.raises(DataError, match=rf"{there}: a file stands where .* set NEURODECODE_CACHE"):
        found_here()
    assert (own_cache / there).read_text() == "mine"


@pytest.fixture
def found_here(tmp_path, own_cache, raw):
    """Find a recording and prepare it."""
    from neurodecode.data.readers import find_recordings
    from neurodecode.data.readers.files import Options
    from neurodecode.data.specs import Card, Variant

    raw.save(tmp_path / "run1_raw.fif", verbose="error")
    card = Card("own", "eeg", reader=Variant("files", Options("run{run}_raw.fif")))

    def find():
        found = find_recordings(card, "", tmp_path, cache=own_cache)
        return prepare(found, [], own_cache)

    return find


def test_marking_twice_leaves_one_mark(own_cache):
    mark_running(own_cache)
    mark_running(own_cache)
    assert names(own_cache) == [f"running/{os.getpid()}"]
