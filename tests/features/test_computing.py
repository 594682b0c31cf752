"""Features are computed once: a hit opens nothing, what broke off goes on, nobody is harmed."""

import errno
import os
import signal
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from counted_feature import SEEN, Means, flat_pictures
from PIL import Image

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.stimuli import Stimuli
from neurodecode.data import manifest
from neurodecode.data.cache import CacheUnwritable, clear, entries
from neurodecode.data.cards import load_card
from neurodecode.data.stimuli import open_stimuli
from neurodecode.features import _computing
from neurodecode.features._computing import compute, look
from neurodecode.features.pixels import Pixels


@pytest.fixture(autouse=True)
def _from_nothing():
    SEEN.clear()


def values(table):
    return np.asarray(table.part.open())


def test_each_stimulus_is_computed_once_and_kept_as_float16(tmp_path):
    table = compute(Means(), flat_pictures(), tmp_path)
    assert table.n_missing == 0 and len(table.part.space) == 2
    assert isinstance(table.part.open(), np.memmap) and table.part.open().dtype == np.float16
    np.testing.assert_array_equal(values(table), np.arange(10)[:, None] * [1, 2])
    assert SEEN == {"opened": 1, "read": 10, "extracted": 10}
    again = compute(Means(), flat_pictures(), tmp_path)
    assert SEEN == {"opened": 1, "read": 10, "extracted": 10}, "a hit opens and reads nothing"
    assert again.part.key == table.part.key


def test_looking_computes_nothing_and_says_what_is_left(tmp_path):
    table = look(Means(), flat_pictures(), tmp_path)
    assert (table.n_missing, SEEN) == (10, {})
    assert not table.part.source.exists()
    assert not (tmp_path / "features").exists()


def test_the_key_holds_arguments_stimuli_and_versions(tmp_path, monkeypatch):
    one = look(Means(), flat_pictures(), tmp_path).part.key
    keys = {
        one,
        look(Means(factor=2.0), flat_pictures(), tmp_path).part.key,
        look(Means(), flat_pictures(9), tmp_path).part.key,
        look(Means(), flat_pictures(values=np.arange(10)[::-1]), tmp_path).part.key,
    }
    monkeypatch.setattr(Means, "version", 2)
    keys.add(look(Means(), flat_pictures(), tmp_path).part.key)
    assert len(keys) == 5


def breaking(at, error):
    whole = flat_pictures()

    def read(stimulus):
        if stimulus == at:
            raise error
        return whole.read(stimulus)

    return Stimuli(whole.table, read, made_from=whole.made_from)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), DataError("p9.png: damaged.")])
def test_interrupted_work_goes_on_behind_the_last_batch(tmp_path, error):
    with pytest.raises(type(error)):
        compute(Means(), breaking("p9", error), tmp_path)
    assert look(Means(), flat_pictures(), tmp_path).n_missing == 2
    SEEN.clear()
    table = compute(Means(), flat_pictures(), tmp_path)
    assert SEEN == {"opened": 1, "read": 2, "extracted": 2}
    np.testing.assert_array_equal(values(table), np.arange(10)[:, None] * [1, 2])
    assert [p.name for p in (tmp_path / "features").iterdir()] == [table.part.key]
    assert sorted(p.name for p in table.part.source.parent.iterdir()) == ["meta.json", "values.npy"]


def in_another_process(cache, line):
    """Compute the same in a process of its own, whose reading begins with `line`."""
    code = f"""
import os, signal, sys
from pathlib import Path
from counted_feature import Means, flat_pictures
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._computing import compute
whole = flat_pictures()
def read(stimulus):
    {line}
    return whole.read(stimulus)
compute(Means(), Stimuli(whole.table, read, made_from=whole.made_from), Path({str(cache)!r}))
"""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_leaves_its_batches(tmp_path):
    child = in_another_process(
        tmp_path, "stimulus == 'p6' and os.kill(os.getpid(), signal.SIGKILL)"
    )
    child.communicate()
    assert child.returncode == -signal.SIGKILL
    table = compute(Means(), flat_pictures(), tmp_path)
    assert SEEN["extracted"] == 6
    np.testing.assert_array_equal(values(table)[:, 0], np.arange(10))


def test_a_second_process_waits_and_computes_nothing_twice(tmp_path):
    wait = "stimulus == 'p0' and (print('on', flush=True), sys.stdin.read())"
    child = in_another_process(tmp_path, wait)
    assert child.stdout.readline() == "on\n"
    _, kept = clear(entries(tmp_path, ["features"]), tmp_path)
    assert len(kept) == 1, "what is being computed is not cleared"
    made = []
    other = threading.Thread(
        target=lambda: made.append(compute(Means(), flat_pictures(), tmp_path))
    )
    other.start()
    child.communicate()
    other.join()
    assert child.returncode == 0 and SEEN == {}
    np.testing.assert_array_equal(values(made[0])[:, 0], np.arange(10))
    assert [p.name for p in (tmp_path / "features").iterdir()] == [made[0].part.key]


def test_the_cache_lists_and_clears_features(tmp_path):
    compute(Means(), flat_pictures(), tmp_path, card="own")
    with pytest.raises(KeyboardInterrupt):
        compute(Means(2.0), breaking("p9", KeyboardInterrupt()), tmp_path)
    found = {one.what: one for one in entries(tmp_path, ["features"])}
    unfinished, finished = sorted(found, reverse=True)
    assert unfinished == "unfinished: 8 of 10 stimuli"
    assert finished.endswith("counted_feature, 10 stimuli") and found[finished].card == "own"
    assert "factor" in _computing.describe_key(found[finished].name, tmp_path)
    for one in tmp_path.rglob("*"):
        os.utime(one, (1e9, 1e9))
    gone, kept = clear(found.values(), tmp_path)
    assert (len(gone), kept, [*(tmp_path / "features").iterdir()]) == (2, [], [])


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (500.0, r"stimulus 'p66' gives 66000, and float16, as features are kept, holds ±65504"),
        (float("nan"), "stimulus 'p0' gives nan"),
    ],
)
def test_what_float16_cannot_hold_is_an_error_that_names_the_stimulus(tmp_path, factor, said):
    with pytest.raises(DataError, match=said):
        compute(Means(factor), flat_pictures(100), tmp_path)


def test_as_many_embeddings_come_as_stimuli_went(tmp_path, monkeypatch):
    def too_few(self, device="auto"):
        return lambda pictures: np.zeros((len(pictures) - 1, 2), dtype=np.float32)

    monkeypatch.setattr(Means, "open", too_few)
    with pytest.raises(DataError, match=r"3 embeddings came of 4 stimuli \('p0' …\)"):
        compute(Means(), flat_pictures(), tmp_path)


def test_every_stimulus_has_as_many_numbers(tmp_path, monkeypatch):
    def growing(self, device="auto"):
        widths = iter(range(2, 9))
        return lambda pictures: np.zeros((len(pictures), next(widths)), dtype=np.float32)

    monkeypatch.setattr(Means, "open", growing)
    with pytest.raises(DataError, match=r"numbers of shape \[2\], this one of \[3\]"):
        compute(Means(), flat_pictures(), tmp_path)


def test_a_full_disk_is_said_and_what_was_computed_stays(tmp_path, monkeypatch):
    write_json, n = _computing.write_json, []

    def full(*arguments):
        n.append(1)
        if len(n) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_json(*arguments)

    monkeypatch.setattr(_computing, "write_json", full)
    with pytest.raises(CacheUnwritable, match="disk of the cache folder is full"):
        compute(Means(), flat_pictures(), tmp_path)
    assert look(Means(), flat_pictures(), tmp_path).n_missing == 6


def test_entries_are_joined_by_id(tmp_path):
    table = compute(Means(), flat_pictures(), tmp_path)
    asked = np.array(["p7", None, "p0", np.nan, "p7"], dtype=object)
    assert table.entries(asked).tolist() == [7, -1, 0, -1, 7]
    with pytest.raises(DataError, match=r"stimulus 'p11' of the trials is not among the 10"):
        table.entries(np.array(["p1", "p11"], dtype=object))


CARD = """
name: own
modality: fmri
licence: {name: CC0-1.0}
reader: {arrays: {path: a.npz, data: X, axes: [trial, voxel]}}
stimuli: {path: PATH}
"""


@pytest.fixture
def of_files(tmp_path):
    """Open stimuli of six pictures in a folder or a zip, which the tests may damage."""
    folder = tmp_path / "set" / "shown"
    folder.mkdir(parents=True)
    for i in range(6):
        Image.fromarray(np.full((4, 4), 20 * i, dtype=np.uint8)).save(folder / f"p{i}.png")
        os.utime(folder / f"p{i}.png", (1e9, 1e9))

    def opened(path="shown", root=tmp_path / "set"):
        if path.endswith("zip"):
            with zipfile.ZipFile(root / path, "w") as archive:
                for one in sorted(folder.iterdir()):
                    archive.write(one, one.name)
        (tmp_path / "own.yaml").write_text(CARD.replace("PATH", path))
        return open_stimuli(load_card(tmp_path / "own.yaml"), root)

    return opened


@pytest.mark.parametrize("path", ["shown", "shown.zip"])
def test_files_are_known_by_their_content_without_decoding_a_picture(
    of_files, tmp_path, monkeypatch, path
):
    cache, stimuli = tmp_path / "cache", of_files(path)
    compute(Pixels(size=2), stimuli, cache)
    monkeypatch.setattr("neurodecode.data.stimuli._picture", None)
    assert look(Pixels(size=2), stimuli, cache).n_missing == 0
    if path == "shown":  # the second time nothing is read of it either
        monkeypatch.setattr(manifest, "_sha256", None)
    assert look(Pixels(size=2), stimuli, cache).n_missing == 0


def test_pictures_that_were_moved_are_the_same_and_changed_ones_are_not(of_files, tmp_path):
    cache = tmp_path / "cache"
    key = look(Pixels(), of_files(), cache).part.key
    (tmp_path / "set").rename(tmp_path / "moved")
    moved = of_files(root=tmp_path / "moved")
    assert look(Pixels(), moved, cache).part.key == key
    Image.fromarray(np.full((4, 4), 9, dtype=np.uint8)).save(tmp_path / "moved/shown/p3.png")
    assert look(Pixels(), moved, cache).part.key != key


@pytest.mark.parametrize("damage", ["cut", "strange"])
def test_a_damaged_picture_is_named_and_work_goes_on_when_it_is_mended(
    of_files, tmp_path, monkeypatch, damage
):
    monkeypatch.setattr(Pixels, "batch_size", 2)
    stimuli, cache, path = of_files(), tmp_path / "cache", tmp_path / "set/shown/p4.png"
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[:40])
    else:
        Image.fromarray(np.full((4, 4), 60000, dtype=np.uint16)).save(path)
    with pytest.raises(DataError, match="p4" if damage == "strange" else r"p4\.png"):
        compute(Pixels(size=2), stimuli, cache)
    (unfinished,) = entries(cache, ["features"])
    assert unfinished.what == "unfinished: 4 of 6 stimuli"
    path.unlink()
    with pytest.raises(DataMissing, match=r"p4\.png: there is no such file"):
        compute(Pixels(size=2), stimuli, cache)
