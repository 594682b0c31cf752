import logging
import socket
import sys
from pathlib import Path

import mne
import moabb_sets
import numpy as np
import pytest
from moabb.datasets.fake import FakeDataset

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, DataMissing, MissingDependency
from neurodecode.data.cards import load_card
from neurodecode.data.prepared import Failed, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers._offline import ConnectionRefused, offline
from neurodecode.data.readers.moabb import Options
from neurodecode.data.roots import find_root
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant
from neurodecode.harness.experiment import read_experiment

mne.set_log_level("ERROR")
ANY, OWN = ChannelsSpec(), EventsSpec()
FAKE = {"n_subjects": 2, "n_sessions": 2, "n_runs": 2, "n_events": 12, "duration": 40, "seed": 3}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of its own, so that MOABB finds no data and writes no settings of anybody."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("_MNE_FAKE_HOME_DIR", str(tmp_path / "home"))
    monkeypatch.delenv("MNE_DATA", raising=False)
    monkeypatch.setenv("NEURODECODE_DATA", "")
    return tmp_path / "home"


def card_of(dataset, channels=ANY, events=OWN, **options):
    reader = Variant("moabb", Options(dataset, **options), channels, events)
    return Card("own", "eeg", reader=reader)


def find(dataset, root=None, **options):
    card = card_of(dataset, **options)
    return find_recordings(card, "", find_root(card) if root is None else root)


def test_subjects_sessions_and_runs_are_moabbs():
    found = find("moabb_sets:LocalDataset", arguments={"n_subjects": 2})
    assert [one.id for one in found] == [
        f"sub-{subject}_ses-{session}_run-{run}"
        for subject in "12"
        for session in ("0train", "1test")
        for run in "01"
    ]


def test_a_recording_is_moabbs_raw():
    signal = find("moabb_sets.LocalDataset", subjects=("2",))[1].load()
    raw = moabb_sets.recording(2, 0, 1)
    np.testing.assert_array_equal(signal.data, raw.get_data(picks="eeg"))
    assert signal.space.names == ("Fz", "C3", "Cz", "C4", "Pz", "Oz") and signal.space.unit == "V"
    triggers = mne.find_events(raw, shortest_event=0)
    # The task begins half a second after the cue, by the data set's interval, and lasts two.
    np.testing.assert_allclose(signal.events["onset"], triggers[:, 0] / 128 + 0.5, atol=1e-9)
    assert set(signal.events["duration"]) == {2.0}
    names = {code: name for name, code in moabb_sets.EVENTS.items()}
    assert signal.events["label"].tolist() == [names[code] for code in triggers[:, 2]]


def test_a_header_is_the_signal_without_its_data():
    one = find("moabb_sets:LocalDataset", subjects=("1",))[0]
    header, signal = one.header(), one.load()
    assert header.data is None and header.n_times == signal.n_times
    assert header.space == signal.space and header.events.equals(signal.events)


def test_moabbs_own_fake_data_set_is_found_by_its_name():
    found = find("FakeDataset", arguments=FAKE)
    assert len(found) == 2 * 2 * 2 and found[0].files == ()
    expected = FakeDataset(**FAKE).get_data([1])[1]["1"]["0"]
    np.testing.assert_array_equal(found[2].load().data, expected.get_data(picks="eeg"))
    assert set(found[2].load().events["label"]) == {"fake1", "fake2", "fake3"}


def test_a_card_leads_to_scores(tmp_path):
    card = tmp_path / "fake.yaml"
    card.write_text("""
name: fake
modality: eeg
reader:
  moabb: {dataset: FakeDataset, arguments: {n_subjects: 2, seed: 3, n_events: 20, duration: 80}}
tasks:
  one_two: {target: {label: label, classes: [fake1, fake2]}, windows: {tmin: 0.0, tmax: 2.0}}
""")
    trials = nd.load(str(card), subjects=["2"])
    assert set(trials.rows["session"]) == {"0", "1"} and trials.X.shape[1:] == (3, 257)
    results = nd.evaluate(
        trials, models=["riemann.mdm"], protocol="cross_session", n_draws=0, verbose=False,
        out=tmp_path / "out",
    )  # fmt: skip
    assert 0 <= results.table()["mean"].iloc[0] <= 1


def test_a_key_is_of_the_content():
    first = find("FakeDataset", arguments=FAKE)[0].key
    assert find("FakeDataset", arguments=FAKE)[0].key == first
    assert find("FakeDataset", arguments=FAKE | {"seed": 4})[0].key != first


def test_data_that_change_from_call_to_call_are_refused():
    one = find("FakeDataset", arguments={k: v for k, v in FAKE.items() if k != "seed"})[0]
    with pytest.raises(DataError, match=r"run 0 differs from call to call.*seed: 1"):
        one.load()


@pytest.fixture
def no_socket(monkeypatch):
    """Count every connection that really would be opened."""
    opened = []

    def connect(self, address):
        opened.append(address)
        raise OSError("the test has no network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: opened.append(a) or [])
    return opened


@pytest.mark.parametrize("name", ["BNCI2014_001", "PhysionetMI", "Kalunga2016"])
def test_nothing_is_downloaded_unasked(name, home, no_socket, capfd):
    with pytest.raises(DataMissing) as caught:
        find(name, subjects=("1",))
    assert f"the data of {name} are not in {home / 'mne_data'}" in str(caught.value)
    assert f"from moabb.datasets import {name}; {name}().download(subject_list=[1])" in str(
        caught.value
    )
    assert no_socket == [] and not home.exists()
    assert "Downloading" not in "".join(capfd.readouterr())


def test_the_network_is_there_again_afterwards():
    before = socket.socket.connect, socket.getaddrinfo
    with offline({"SOME_VARIABLE": "1"}) as asked:
        with pytest.raises(ConnectionRefused, match=r"example.org is not contacted"):
            socket.create_connection(("example.org", 80), timeout=1)
        with socket.socket() as one, pytest.raises(ConnectionRefused):
            one.connect(("127.0.0.1", 9))
    assert asked == ["example.org", "127.0.0.1"]
    assert (socket.socket.connect, socket.getaddrinfo) == before


@pytest.fixture
def saved(tmp_path):
    """Data of subjects 1 and 2 of three, in a folder such as MOABB makes."""
    folder = tmp_path / "root" / "MNE-saved-data"
    folder.mkdir(parents=True)
    for subject in (1, 2):
        moabb_sets.recording(subject, 0, 0).save(folder / f"{subject}_raw.fif")
    moabb_sets.SavedDataset.reads = 0
    return tmp_path / "root"


def test_who_is_absent_is_told_and_left_out(saved, caplog):
    caplog.set_level(logging.WARNING)
    found = find("moabb_sets:SavedDataset", saved)
    assert [one.subject for one in found] == ["1", "2"]
    assert "no data of subject 3 in" in caplog.text and "Nothing is downloaded" in caplog.text
    with pytest.raises(DataMissing, match="no recording of subject 3"):
        find_recordings(card_of("moabb_sets:SavedDataset"), "", saved, subjects=["3"])


def test_files_are_read_once_to_learn_of_runs(saved):
    first = find("moabb_sets:SavedDataset", saved)
    assert moabb_sets.SavedDataset.reads == 2 and first[0].files[0].path.name == "1_raw.fif"
    assert find("moabb_sets:SavedDataset", saved)[0].key == first[0].key
    assert moabb_sets.SavedDataset.reads == 2
    moabb_sets.recording(1, 0, 5).save(saved / "MNE-saved-data/1_raw.fif", overwrite=True)
    assert find("moabb_sets:SavedDataset", saved)[0].key != first[0].key
    assert moabb_sets.SavedDataset.reads == 3


def test_a_data_root_of_the_person_goes_first(saved, tmp_path):
    card = card_of("moabb_sets:SavedDataset")
    assert find_root(card, saved) == saved
    (tmp_path / "data").mkdir()
    saved.rename(tmp_path / "data/own")
    assert find_root(card, tmp_path / "data") == tmp_path / "data/own"


def test_the_worker_reads_from_files(saved, own_cache):
    found = find("moabb_sets:SavedDataset", saved)
    (saved / "MNE-saved-data/2_raw.fif").unlink()
    done, gone = prepare(found, (), own_cache)
    assert done.signal.n_times == 84 * 128
    assert isinstance(gone, Failed) and "the data of subject 2 are not in" in gone.message


def test_a_damaged_file_is_an_error_that_names_the_subject(saved):
    (saved / "MNE-saved-data/1_raw.fif").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"SavedDataset: subject 1 cannot be read"):
        find("moabb_sets:SavedDataset", saved)


def test_the_card_says_units_types_and_names(saved):
    found = find(
        "moabb_sets:SavedDataset", saved,
        channels=ChannelsSpec(unit="mV", types={"Oz": "misc"}),
        events=EventsSpec(codes={"left_hand": "left"}),
    )  # fmt: skip
    signal, plain = found[0].load(), find("moabb_sets:SavedDataset", saved)[0].load()
    assert signal.space.names == plain.space.names[:5]
    np.testing.assert_allclose(signal.data, plain.data[:5] * 1e-3)
    assert set(signal.events["label"]) == {"left", "right_hand"}


def test_a_missing_library_is_said_with_its_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "moabb", None)
    with pytest.raises(MissingDependency, match=r'moabb, .* "neurodecode\[moabb\]"'):
        find("FakeDataset", Path())


CODE = """
name: theirs
modality: eeg
reader: {moabb: {dataset: "stranger:Data"}}
tasks: {t: {target: {label: label, classes: [a, b]}, windows: {tmin: 0, tmax: 1}}}
"""
ASK = """
data: {card: theirs.yaml, task: t}
protocol: {cross_run: {}}
models: [riemann.mdm]
"""


def test_a_strangers_card_runs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("stranger.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    Path("theirs.yaml").write_text(CODE)
    for load in (load_card, nd.load):
        with pytest.raises(ConfigError, match=r"names 'stranger:Data', which is code from outside"):
            load("theirs.yaml")
    Path("ask.yaml").write_text(ASK)
    with pytest.raises(ConfigError, match=r"data.card: .*'stranger:Data', which is code from"):
        read_experiment(Path("ask.yaml"), models=["riemann.mdm"])
    assert not Path("ran").exists()
    assert read_experiment(Path("ask.yaml"), allow_code=True).card.name == "theirs"
    with pytest.raises(ConfigError, match="stranger has no 'Data'"):
        nd.load("theirs.yaml", allow_code=True)
    assert Path("ran").exists()


@pytest.mark.parametrize(
    ("dataset", "options", "sentence"),
    [
        ("BNCI2014001x", {}, r"moabb.datasets has no class 'BNCI2014001x'. Did you mean"),
        ("numpy:array", {}, "is no data set of MOABB"),
        ("moabb_sets:NoDataset", {}, "is no data set of MOABB"),
        ("moabb_sets:Missing", {}, "moabb_sets has no 'Missing'"),
        ("nowhere.to.be:Found", {}, r"dataset nowhere.to.be:Found: No module named 'nowhere'"),
        ("FakeDataset", {"arguments": {"colour": 1}}, r"FakeDataset: it does not take arguments"),
        ("FakeDataset", {"subjects": ("99",)}, "FakeDataset has no subject '99'"),
        ("FakeDataset", {"events": EventsSpec("stim")}, "those of a MOABB data set are its own"),
        ("FakeDataset", {"channels": ChannelsSpec(unit="kV")}, "channels.unit 'kV'; known: V"),
    ],
)
def test_what_a_card_cannot_mean_is_refused(dataset, options, sentence):
    with pytest.raises(ConfigError, match=sentence):
        find(dataset, **options)
