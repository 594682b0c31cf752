"""What a fetch leaves on disk, and whom it asks, with a server of this machine."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.files import shipped_folder
from neurodecode.data.cards import load_card
from neurodecode.data.download import CHUNK, Unreachable, download
from neurodecode.data.fetch import fetch, plan_fetch, with_sizes
from neurodecode.data.listing import chosen, read_listing
from neurodecode.data.roots import find_root

EEG = bytes(range(256)) * 1500
MANY = {f"S{s}R{r}.edf": f"{s}{r}".encode() * 500 for s in ("01", "02") for r in ("1", "2", "3")}


@pytest.fixture
def card(publisher, tmp_path):
    """Publish files and give the card that lists them."""

    def publish(files=None, more="", sizes=True):
        publisher.files |= {"S01R1.edf": EEG} if files is None else files
        return load_card(publisher.card(tmp_path, more=more, sizes=sizes))

    return publish


def in_folder(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_files_come_whole_into_the_cache_folders_data_root(card, publisher, own_cache):
    own = card({**MANY, "participants.tsv": b"id\n"})
    plan = plan_fetch(own)
    assert plan.folder == own_cache / "data" / "own"
    assert plan.n_bytes == sum(map(len, publisher.files.values()))
    assert not plan.folder.exists() and publisher.asked == []  # a plan asks nobody
    told = []
    assert fetch(plan, done=lambda file: told.append(file.path)) == {}
    assert in_folder(plan.folder) == publisher.files
    assert told == list(publisher.files)
    assert find_root(own) == plan.folder


def test_what_is_whole_is_not_fetched_again(card, publisher):
    own = card(MANY)
    fetch(plan_fetch(own))
    publisher.asked.clear()
    again = plan_fetch(own)
    assert (len(again.whole), again.missing, again.n_bytes) == (6, (), 0)
    assert fetch(again) == {} and publisher.asked == []
    (again.folder / "S01R2.edf").unlink()
    fetch(plan_fetch(own))
    assert publisher.gets() == ["S01R2.edf"]


def test_only_who_is_asked_for_is_fetched_and_what_is_of_nobody(card, publisher, tmp_path):
    own = card({**MANY, "participants.tsv": b"id\n"})
    asked = {"subject": ["02"], "session": None, "run": ["1", "3"]}
    plan = plan_fetch(own, tmp_path / "here", asked)
    assert fetch(plan) == {}
    assert plan.folder == tmp_path / "here" / "own"
    assert sorted(in_folder(plan.folder)) == ["S02R1.edf", "S02R3.edf", "participants.tsv"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"subject": ["2"]}, r"no file is of subject 2\. Did you mean '02'\?"),
        ({"run": ["9"]}, r"no file is of run 9\. Known: 1, 2, 3\."),
        ({"session": ["1"]}, r"no file is of session 1\. The list does not tell them apart"),
    ],
)
def test_who_is_not_there_is_said_before_anybody_is_asked(card, publisher, asked, sentence):
    with pytest.raises(ConfigError, match=sentence):
        plan_fetch(card(MANY), asked=asked)
    assert publisher.asked == []


def test_a_transfer_that_breaks_off_goes_on_from_there(card, publisher):
    own = card()
    publisher.cut["S01R1.edf"] = [2 * CHUNK + 10, CHUNK + 10]  # a chunk that is not whole is lost
    came = []
    plan = plan_fetch(own)
    download(plan.missing[0], plan.folder / "S01R1.edf", plan.hosts, came.append)
    assert publisher.gets() == [
        "S01R1.edf",
        f"S01R1.edf bytes={2 * CHUNK}-",
        f"S01R1.edf bytes={3 * CHUNK}-",
    ]
    assert sum(came) == len(EEG)  # no byte came twice
    assert in_folder(plan.folder) == {"S01R1.edf": EEG}


def test_a_fetch_that_was_stopped_is_gone_on_with(card, publisher):
    own = card()
    plan = plan_fetch(own)

    def stop(n_bytes):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(plan.missing[0], plan.folder / "S01R1.edf", plan.hosts, stop)
    (left,) = in_folder(plan.folder).values()
    assert (plan.folder / "S01R1.edf.part").read_bytes() == left == EEG[: len(left)]
    again = plan_fetch(own)
    assert again.begun == len(left) and again.n_bytes == len(EEG) - len(left)
    assert fetch(again) == {}
    assert publisher.gets()[-1] == f"S01R1.edf bytes={len(left)}-"
    assert in_folder(plan.folder) == {"S01R1.edf": EEG}


def test_a_server_without_ranges_sends_all_of_it_again(card, publisher):
    publisher.ranges, publisher.cut["S01R1.edf"] = False, [1000]
    plan = plan_fetch(card())
    assert fetch(plan) == {}
    assert in_folder(plan.folder) == {"S01R1.edf": EEG}


def test_a_part_of_another_file_is_thrown_away_and_the_file_fetched(card, publisher):
    plan = plan_fetch(card())
    for left in (b"x" * 1000, b"x" * len(EEG), b"x" * (len(EEG) + 5)):
        plan.folder.mkdir(parents=True, exist_ok=True)
        (plan.folder / "S01R1.edf.part").write_bytes(left)
        assert fetch(plan) == {}
        assert in_folder(plan.folder) == {"S01R1.edf": EEG}
        (plan.folder / "S01R1.edf").unlink()


@pytest.mark.parametrize("left", [b"", EEG[:100], EEG, EEG + b"more"])
def test_a_file_of_unknown_size_is_told_whole_by_its_digest(card, publisher, left):
    plan = plan_fetch(card(sizes=False))
    assert (plan.n_bytes, plan.n_unknown) == (0, 1)
    plan.folder.mkdir(parents=True)
    (plan.folder / "S01R1.edf.part").write_bytes(left)
    assert fetch(plan) == {}
    assert in_folder(plan.folder) == {"S01R1.edf": EEG}


def test_sizes_that_the_list_does_not_know_are_asked_for(card, publisher):
    plan = with_sizes(plan_fetch(card(sizes=False)), lambda items, *_, **__: items)
    assert (plan.n_bytes, plan.n_unknown) == (len(EEG), 0)
    assert publisher.asked == [("HEAD", "S01R1.edf", "")]
    publisher.silent = True
    assert with_sizes(plan_fetch(card(sizes=False)), lambda i, *_, **__: i).n_unknown == 1


def test_another_file_than_the_lists_is_refused_and_none_of_it_kept(card, publisher):
    own = card(MANY)
    wrong = b"tampered".ljust(len(MANY["S01R2.edf"]))
    publisher.files["S01R2.edf"] = wrong
    plan = plan_fetch(own)
    errors = fetch(plan)
    assert list(errors) == ["S01R2.edf"]
    expected, found = (hashlib.sha256(c).hexdigest() for c in (MANY["S01R2.edf"], wrong))
    assert f"expected sha256 {expected}, found {found}" in str(errors["S01R2.edf"])
    assert in_folder(plan.folder) == {k: v for k, v in MANY.items() if k != "S01R2.edf"}


def test_a_file_of_the_persons_own_stays_as_it_is(card, publisher):
    own = card()
    folder = plan_fetch(own).folder
    folder.mkdir(parents=True)
    (folder / "S01R1.edf").write_bytes(b"mine")
    plan = plan_fetch(own)
    (error,) = fetch(plan).values()
    assert f"found {hashlib.sha256(b'mine').hexdigest()}. It stays as it is" in str(error)
    assert in_folder(folder) == {"S01R1.edf": b"mine"}
    assert publisher.asked == []


def test_more_bytes_than_announced_are_not_taken(card, publisher):
    own = card()
    publisher.files["S01R1.edf"] = EEG + b"x" * 10_000_000
    plan = plan_fetch(own)
    (error,) = fetch(plan).values()
    assert f"sends more than the {len(EEG):,} bytes of the list" in str(error)
    assert in_folder(plan.folder) == {}


def test_busy_servers_are_asked_again_and_refusals_are_not(card, publisher):
    own = card({"S01R1.edf": EEG, "S01R2.edf": b"x"})
    publisher.status = {"S01R1.edf": [503, 429], "S01R2.edf": [403]}
    plan = plan_fetch(own)
    errors = fetch(plan)
    assert list(errors) == ["S01R2.edf"]
    assert f"127.0.0.1:{publisher.port} says 403 Forbidden" in str(errors["S01R2.edf"])
    assert publisher.gets() == ["S01R1.edf"] * 3 + ["S01R2.edf"]


def test_a_server_that_always_breaks_off_leaves_a_part(card, publisher):
    own = card()
    publisher.cut["S01R1.edf"] = [CHUNK, CHUNK, 10, 10]
    plan = plan_fetch(own)
    (error,) = fetch(plan).values()
    assert "broken off 4 times" in str(error) and "goes on from there" in str(error)
    assert in_folder(plan.folder) == {"S01R1.edf.part": EEG[: 2 * CHUNK]}


def test_nobody_there_is_said_once_and_nothing_is_left(card, publisher, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", refused)
    plan = plan_fetch(card(MANY))
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ cannot be reached \(Connection ref"):
        fetch(plan)
    assert in_folder(plan.folder) == {}


def refused(self, address):
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize("there", ["http://localhost:{port}/x", "http://evil.example/x"])
def test_to_be_sent_to_another_host_is_refused_before_it_is_asked(card, publisher, there):
    publisher.redirect["S01R1.edf"] = there.format(port=publisher.port)
    plan = plan_fetch(card())
    (error,) = fetch(plan).values()  # the guard of `publisher` saw no other address
    assert "which the card does not name, so it was not asked" in str(error)
    with pytest.raises(DataError, match="which the card does not name"):
        with_sizes(plan_fetch(card(sizes=False)), lambda items, *_, **__: items)


def test_to_be_sent_on_by_the_same_host_or_one_that_the_card_names_is_followed(
    card, publisher, monkeypatch
):
    publisher.files["elsewhere/x"] = EEG
    publisher.redirect["S01R1.edf"] = "/elsewhere/x"
    publisher.redirect["S01R2.edf"] = f"http://localhost:{publisher.port}/elsewhere/x"
    own = card(
        {"S01R1.edf": EEG, "S01R2.edf": EEG}, more=f", hosts: ['localhost:{publisher.port}']"
    )
    localhost = [(2, 1, 6, "", ("127.0.0.1", publisher.port))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: localhost)
    plan = plan_fetch(own)
    assert fetch(plan) == {}
    assert (plan.folder / "S01R2.edf").read_bytes() == EEG


def test_an_interrupted_part_goes_on_through_a_redirect(card, publisher):
    publisher.files["elsewhere/x"] = EEG
    publisher.redirect["S01R1.edf"] = "/elsewhere/x"
    publisher.cut["elsewhere/x"] = [CHUNK]
    plan = plan_fetch(card())
    assert fetch(plan) == {}
    assert f"elsewhere/x bytes={CHUNK}-" in publisher.gets()


def test_two_fetches_of_one_file_do_not_mix(card, publisher):
    own = card()
    plan = plan_fetch(own)
    plan.folder.mkdir(parents=True)
    theirs = plan.folder / f".S01R1.edf.{os.getppid()}.part"
    theirs.write_bytes(EEG[:10])
    (error,) = fetch(plan).values()
    assert f"process {os.getppid()} is fetching it" in str(error)
    assert theirs.read_bytes() == EEG[:10]
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    theirs.rename(plan.folder / f".S01R1.edf.{gone}.part")
    assert fetch(plan) == {}
    assert publisher.gets() == ["S01R1.edf bytes=10-"]  # what a dead process left is gone on with
    assert in_folder(plan.folder) == {"S01R1.edf": EEG}


# The sums of the full EEGBCI are those that MNE-Python ships; held to the files that are here.


def test_the_list_of_eegbci_is_109_people_of_14_runs():
    eegbci = load_card("eegbci")
    files = read_listing(eegbci)
    assert len(files) == len({one.sha256 for one in files}) == 109 * 14
    two = chosen(files, eegbci, {"subject": ["002"], "run": ["04", "08"]})
    assert [one.url for one in two] == [
        "https://physionet.org/files/eegmmidb/1.0.0/S002/S002R04.edf",
        "https://physionet.org/files/eegmmidb/1.0.0/S002/S002R08.edf",
    ]


def test_the_list_of_eegbci_is_that_of_mne():
    import mne

    sums = Path(mne.__file__).parent / "data" / "eegbci_checksums.txt"
    listed = dict(line.split() for line in sums.read_text().splitlines())
    for one in read_listing(load_card("eegbci")):
        assert listed[f"{one.path[:4]}/{one.path}"] == one.sha256


@pytest.mark.parametrize("subject", ["001", "002", "003", "004"])
def test_recordings_that_are_here_have_the_listed_sums(real, subject):
    folder = real("eegbci", f"S{subject}R04.edf")
    listed = {one.path: one for one in read_listing(load_card("eegbci"))}
    found = sorted(folder.glob(f"S{subject}R*.edf"))
    assert found
    for path in found:
        content = path.read_bytes()
        assert hashlib.sha256(content).hexdigest() == listed[path.name].sha256
        assert len(content) == listed[path.name].size


def test_samples_count_as_whole():
    samples = shipped_folder("datasets") / "samples"
    if not samples.is_dir():
        pytest.skip("datasets/samples is in a checkout alone")
    asked = {"subject": ["002"], "run": ["04", "08", "12"]}
    plan = plan_fetch(load_card("eegbci"), samples, asked)
    assert (len(plan.whole), plan.missing, plan.other) == (3, (), ())


@pytest.mark.parametrize(
    ("access", "sentence"),
    [("registration", "asks you to register"), ("agreement", "asks you to sign")],
)
def test_what_needs_people_is_explained_and_not_attempted(publisher, tmp_path, access, sentence):
    publisher.files["S01R1.edf"] = EEG
    path = publisher.card(
        tmp_path, more=", url: 'https://data.example/', how: 'Sign the form DUA-7 there.'"
    )
    path.write_text(path.read_text() + f"access: {access}\n")
    with pytest.raises(DataMissing) as caught:
        plan_fetch(load_card(path))
    said = str(caught.value)
    assert sentence in said
    assert "(https://data.example/; licence: CC0-1.0" in said
    assert "Sign the form DUA-7 there. Then put S{subject}R{run}.edf into DIR/own" in said
    assert publisher.asked == []
