"""Every format that mne opens by name comes through the reader as mne has it, or is refused."""

import csv
import os
import shutil
import warnings
from pathlib import Path

import mne
import numpy as np
import pytest

from neurodecode.core.errors import DataError, MissingDependency, NeurodecodeError
from neurodecode.data.prepared import Failed, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import DATA_TYPES, Options
from neurodecode.data.specs import Card, EventsSpec, Variant
from neurodecode.data.worker import Worker

# What `mne.io.read_raw` does not open by the name alone.
NOT_BY_NAME = (
    "bti/test_pdf_linux",
    "egi/test_egi.raw",
    "made/known_eyelink.asc",
    "made/known_fieldtrip.mat",
    "nicolet/test_nicolet_raw.data",
)
OUTSIDE = "brainvision/testv2.vhdr"  # three of its markers lie after its last sample
MODALITIES = {"mag": "meg", "grad": "meg", "fnirs_cw_amplitude": "fnirs"}


def formats_folder() -> Path | None:
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    places = [Path(root) / "formats_mne" for root in roots if root]
    return next((place for place in places if place.is_dir()), None)


def rows(reader: str, opens: str = "yes") -> list[dict[str, str]]:
    folder = formats_folder()
    if folder is None:
        return [{"file": ""}]  # one case, which is skipped with its reason
    with (folder / "index.csv").open() as table:
        return [r for r in csv.DictReader(table)
                if r["reader"].startswith(reader) and r["opens"] == opens]  # fmt: skip


def opened() -> list[dict[str, str]]:
    others = (*NOT_BY_NAME, OUTSIDE)
    found = [r for r in rows("read_raw") if not r["file"].startswith("broken/")]
    return [r for r in found if r["file"] not in others]


def recording(file: str, modality="eeg", events=EventsSpec()):  # noqa: B008  frozen
    folder = formats_folder()
    if folder is None or not (folder / file).exists():
        pytest.skip(f"formats_mne/{file} is not in NEURODECODE_DATA")
    variant = Variant("files", Options(file), events=events)
    return find_recordings(Card("own", modality, reader=variant), "", folder)[0]


@pytest.fixture(scope="module")
def worker():
    with Worker(timeout=120) as made:
        yield made


@pytest.mark.parametrize("row", opened(), ids=lambda row: row["file"])
def test_channels_samples_and_rate_are_those_of_the_index(row):
    one = recording(row["file"])
    path = one.files[0].path
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mne's, about this file: they are judged by the reader
        try:
            read = mne.io.read_raw_bci2k if path.suffix == ".dat" else mne.io.read_raw
            raw = read(path, preload=True, verbose="error")
        except RuntimeError as error:
            assert "pip install" in str(error)
            with pytest.raises(MissingDependency, match=path.name):
                one.load()
            pytest.skip(f"mne reads {path.name} with another package alone")
    kinds = raw.get_channel_types()
    modality = next((MODALITIES[k] for k in kinds if k in MODALITIES), "eeg")
    signal = recording(row["file"], modality).load()
    assert len(raw.ch_names) == int(row["n_channels"])
    wanted, bads = DATA_TYPES[modality], raw.info["bads"]
    good = [i for i, name in enumerate(raw.ch_names) if kinds[i] in wanted and name not in bads]
    assert signal.space.names == tuple(raw.ch_names[i] for i in good)
    assert signal.n_times == int(row["n_samples"])
    assert signal.sfreq == float(row["rate_hz"])
    stored = raw.get_data(picks=good)
    if path.suffix == ".dat":  # counts of 0.1 µV, by its header
        np.testing.assert_allclose(signal.data, stored * 1e-7, rtol=1e-12)
    else:
        np.testing.assert_array_equal(signal.data, stored)
    if int(row["n_annotations"]):
        assert len(signal.events) == int(row["n_annotations"])


@pytest.mark.parametrize("file", NOT_BY_NAME)
def test_what_mne_does_not_open_by_name_is_refused(file):
    one = recording(file)
    with pytest.raises(DataError, match="cannot open it by its name alone") as caught:
        one.header()
    assert str(one.files[0].path) in str(caught.value)


def test_markers_outside_matter_where_they_are_the_events(tmp_path):
    one = recording(OUTSIDE)
    with pytest.raises(DataError, match=r"outside the recording of 7\.9 s"):
        one.header()
    for file in one.files:
        shutil.copy(file.path, tmp_path)
    (tmp_path / "events.tsv").write_text("onset\tlabel\n1\tgo\n")
    spec = EventsSpec("file", path="events.tsv")
    variant = Variant("files", Options(Path(OUTSIDE).name), events=spec)
    signal = find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)[0].load()
    # The index: 32 channels, of which mne makes 4 without a place misc; 7900 samples at 1 kHz.
    assert signal.data.shape == (28, 7900) and signal.sfreq == 1000.0


@pytest.mark.parametrize("row", rows("read_epochs"), ids=lambda row: row["file"])
def test_epochs_that_are_told_by_more_than_their_name_are_refused(row):
    with pytest.raises(DataError, match=r"epochs are read from -epo\.fif and EEGLAB"):
        recording(row["file"], "meg", EventsSpec("epochs")).header()


def other_files() -> list[str]:
    others = ("read_evoked", "read_source", "read_events", "(KIT")
    return [r["file"] for reader in others for r in rows(reader) if r["file"]]


@pytest.mark.parametrize("source", ["annotations", "epochs"])
@pytest.mark.parametrize("file", other_files())
def test_what_is_no_recording_is_refused(file, source, own_cache, worker):
    (one,) = prepare([recording(file, "meg", EventsSpec(source))], [], own_cache, worker=worker)
    assert isinstance(one, Failed) and isinstance(one.error, NeurodecodeError)
    assert Path(file).name in one.message and "Traceback" not in one.message


def test_a_kit_file_that_was_cut_short_is_refused():
    # 100 samples of 193 channels are promised; mne gives as many, of what is not in the file.
    with pytest.raises(DataError, match=r"truncated: its header promises 0\.1 s"):
        recording("broken/kit_truncated.sqd", "meg").header()


def bci2000(tmp_path, change):
    path = recording("made/known_bci2000.dat").files[0].path
    content = path.read_bytes()
    head, rest = content[:300], content[300:]
    made = change(head)
    # The header states its own length.
    made = made.replace(b"HeaderLen=   300", b"HeaderLen= %5d" % len(made))
    (tmp_path / "1.dat").write_bytes(made + rest)
    variant = Variant("files", Options("{run}.dat"))
    return find_recordings(Card("own", "eeg", reader=variant), "", tmp_path)[0]


def test_bci2000_counts_are_in_volts_by_gain_offset_and_unit(tmp_path):
    plain = recording("made/known_bci2000.dat").load()
    gains = b"SourceChGain= 6 0.2 0.1muV 0.1mV 1e2nV .1 0.1 // gains"

    def change(head: bytes) -> bytes:
        head = head.replace(b"SourceChGain= 6 0.1 0.1 0.1 0.1 0.1 0.1", gains)
        head = head.replace(b"Offset= 6 0 0 0 0 0 0", b"Offset= 6 10 0 0 0 0 0")
        return head + b"Source list ChannelNames= 6 Fz C3 Cz C4 Pz Oz // names\r\n"

    changed = bci2000(tmp_path, change).load()
    assert changed.space.names == ("Fz", "C3", "Cz", "C4", "Pz", "Oz")
    expected = plain.data.copy()
    expected[0] = (expected[0] - 10 * 1e-7) * 2
    expected[2] *= 1e3
    np.testing.assert_allclose(changed.data, expected, rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"SourceChGain= 6 0.1 ", b"SourceChGain= 5 ", "states 5 gains and 6 offsets for 6"),
        (b"SourceChGain", b"NoSourceGain", "states 0 gains"),
        (b"SourceChGain= 6 0.1 ", b"SourceChGain= 6 auto ", "'auto', which is no number"),
    ],
)
def test_bci2000_without_a_gain_is_refused(tmp_path, old, new, said):
    with pytest.raises(DataError, match=said):
        bci2000(tmp_path, lambda head: head.replace(old, new)).header()
