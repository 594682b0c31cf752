"""CNeuroMod: an array a run, rows of transcripts that are volumes, ends that do not fit."""

import numpy as np
import pytest
from encoding_layouts import FRIENDS, N_PARCELS, write_cneuromod, write_transcript
from visual_layouts import recordings

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.stimuli import open_stimuli

BOURNE, ONCE, TWICE = (
    "ses-001_task-bourne01", "ses-006_task-life01_run-1", "ses-009_task-life01_run-2",
)  # fmt: skip


def write(root, n_rows=20):
    held = write_cneuromod(root, {BOURNE: 20, ONCE: 14, TWICE: 14})
    write_transcript(root, "movie10/bourne/movie10_bourne01.tsv", n_rows)
    write_transcript(root, "movie10/life/movie10_life01.tsv", 14)
    return held


def test_a_run_each_and_a_volume_a_row(tmp_path):
    held = write(tmp_path)
    bourne, once, twice = recordings("cneuromod", tmp_path, "movie10")
    assert [one.id for one in (bourne, once, twice)] == [
        "sub-01_ses-001_run-bourne01", "sub-01_ses-006_run-life01", "sub-01_ses-009_run-life01",
    ]  # fmt: skip
    signal = bourne.load()
    np.testing.assert_array_equal(signal.data, held[BOURNE])
    assert signal.axes == ("parcel",) and len(signal.space) == N_PARCELS and not signal.notes
    assert signal.sfreq == pytest.approx(1 / 1.49)
    rows = signal.events
    np.testing.assert_allclose(rows["onset"], 1.49 * np.arange(20))
    assert rows["stimulus"].tolist() == [f"bourne01/{i:04d}" for i in range(20)]
    assert set(rows["movie"]) == {"bourne"} and rows["text_per_tr"][1] == "it's1 so"
    # Both showings of a film show the same, whatever their key says of the showing.
    first, second = once.header().events, twice.header().events
    assert first["stimulus"].equals(second["stimulus"])
    assert set(first["showing"]) == {"1"} and set(second["showing"]) == {"2"}
    assert "showing" not in rows


def test_texts_of_volumes_are_the_stimuli(tmp_path):
    write(tmp_path)
    stimuli = open_stimuli(load_card("cneuromod"), tmp_path)
    assert len(stimuli) == 34 and not stimuli.show
    assert stimuli["life01/0001"] == "it's1 so" and stimuli["life01/0002"] == ""
    row = stimuli.table.loc["bourne01/0003"]
    assert (row["words"], row["onsets"], row["film"]) == (
        "[\"it's3\", 'so']", "[4.72, 5.22]", "bourne01",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("n_rows", "kept", "said"),
    [
        (17, 17, "17 rows for 20 volumes; both begin together, and the last 3 volumes are left"),
        (24, 20, "24 rows for 20 volumes; both begin together, and the last 4 rows are left"),
    ],
)
def test_what_is_longer_is_cut_at_its_end_and_noted(tmp_path, n_rows, kept, said):
    held = write(tmp_path, n_rows)
    one = recordings("cneuromod", tmp_path, "movie10")[0]
    signal = one.load()
    np.testing.assert_array_equal(signal.data, held[BOURNE][:kept])
    assert len(signal.events) == kept == one.header().n_times
    assert said in signal.notes[0]


def test_lengths_that_are_far_apart_do_not_belong_together(tmp_path):
    write(tmp_path, 40)
    with pytest.raises(DataError, match=r"40 rows for 20 volumes .* differ by more than 15"):
        recordings("cneuromod", tmp_path, "movie10")[0].header()


def test_seasons_of_friends(tmp_path):
    write_cneuromod(tmp_path, {"ses-001_task-s01e02a": 9, "ses-003_task-s06e01b": 9}, path=FRIENDS)
    write_transcript(tmp_path, "friends/s1/friends_s01e02a.tsv", 9)
    with pytest.raises(DataMissing, match=r"friends_s06e01b\.tsv: the file beside"):
        recordings("cneuromod", tmp_path, "friends")
    write_transcript(tmp_path, "friends/s6/friends_s06e01b.tsv", 9)
    first, last = recordings("cneuromod", tmp_path, "friends")
    assert set(first.header().events["season"]) == {"s01"}
    assert set(last.header().events["season"]) == {"s06"}
