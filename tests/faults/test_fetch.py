"""A hostile card, a bad list, a full disk: one sentence, and nothing where it does not belong."""

import errno
import shutil
import sys
from pathlib import Path

import pytest

from neurodecode.cli import main

SUM = "0" * 64


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "work/cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)


@pytest.fixture
def own(publisher):
    """The card of one published file."""
    publisher.files["S01R1.edf"] = bytes(200_000)
    return publisher.card(Path())


@pytest.fixture
def refused(said, publisher):
    """Fetch a card that is refused: nobody was asked, and no folder was made."""

    def run(card, *arguments):
        assert main(["fetch", str(card), "--yes", *arguments]) == 2
        assert publisher.asked == []
        assert not Path("cache/data").exists()
        return said()

    return run


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["../../../.bashrc\t" + SUM], ":2: path '../../../.bashrc' is no place below"),
        (["/etc/passwd\t" + SUM], ":2: path '/etc/passwd' is no place below"),
        (["a\\..\\b\t" + SUM], "is no place below"),
        (["C:x\t" + SUM], "is no place below"),
        (["\t" + SUM], "path '' is no place below"),
        (["a//b\t" + SUM], "is not written plainly. Write 'a/b'"),
        (["a.part\t" + SUM], "is not written plainly"),
        (["a\t" + SUM, "A\t" + SUM], ":3: path 'A' is there twice"),
        (["a\tmd5"], ":2: sha256 'md5': expected 64 hexadecimal digits"),
        (["a"], ":2: sha256 '': expected 64"),
        (["a\t" + SUM + "\tbig"], ":2: size 'big': expected a number of bytes"),
        (["a\t" + SUM + "\t-1"], "size '-1'"),
        (["a\t" + SUM + "\t" + "9" * 5000], "expected a number of bytes"),
        (["a\t" + SUM + "\t1\tfile:///etc/passwd"], "url 'file:///etc/passwd': expected https"),
        (["a\t" + SUM + "\t1\t//evil.example/x"], "url '//evil.example/x': expected https"),
        (["a\t" + SUM + "\t1\t../x"], "url '../x': expected https"),
        (["a\t" + SUM + "\t1\thttp://user:pw@evil.example/x"], "expected https"),
        (["a\t" + SUM + "\t1\tx\ty"], ":2: more values than columns"),
        ([], "lists no file"),
    ],
)
def test_lines_of_a_list_that_cannot_be(own, refused, lines, sentence):
    Path("own.tsv").write_text("\n".join(["path\tsha256\tsize\turl", *lines]) + "\n")
    assert sentence in refused(own)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"path\tsum\n" + b"a\tb\n", "unknown column 'sum'. Known: path, run"),
        (b"sha256\n" + SUM.encode(), "the column 'path' is missing"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_list_that_is_none(own, refused, content, sentence):
    Path("own.tsv").write_bytes(content)
    assert sentence in refused(own)


def test_a_list_that_is_not_there(own, refused):
    Path("own.tsv").unlink()
    assert "own.tsv: the list of own's files cannot be read" in refused(own)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("name: own", "name: ../../.ssh", "name: '../../.ssh': expected one word"),
        ("name: own", "name: .", "expected one word"),
        ("own.tsv", "../secret.tsv", "is not beside the card"),
        ("own.tsv", "/etc/passwd.tsv", "is not beside the card"),
        ("own.tsv", "SHA256SUMS", "a .tsv file beside the card is needed"),
        ("http://", "ftp://", "base_url: expected https://HOST"),
        ("http://", "file:///", "base_url: expected https://HOST"),
        ("http://", "http://me:pw@", "base_url: expected https://HOST"),
        ("manifest:", "remote: '../S{subject}', manifest:", "leaves base_url"),
        ("manifest:", "hosts: x, manifest:", "files.hosts: expected a list"),
        ("manifest:", "bse_url: x, manifest:", "Did you mean 'base_url'?"),
    ],
)
def test_cards_that_cannot_be(own, refused, old, new, sentence):
    Path("../secret.tsv").write_text(f"path\tsha256\na\t{SUM}\n")
    own.write_text(own.read_text().replace(old, new))
    assert sentence in refused(own)


def test_a_disk_without_room_is_said_before_anything_comes(own, said, publisher, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 1000))
    assert main(["fetch", str(own), "--yes"]) == 2
    text = said()
    assert "0.2 MB are to come and 0.0 MB are free" in text and "--data DIR" in text
    assert publisher.asked == []


@pytest.mark.parametrize("came", [0, 2])
def test_a_disk_that_fills_up_is_a_sentence_and_what_came_is_gone_on_with(
    own, said, publisher, monkeypatch, came
):
    from neurodecode.data import download

    write, chunks = download._Written.write, []

    def full(self, chunk):
        if len(chunks) == came:
            raise OSError(errno.ENOSPC, "No space left on device")
        chunks.append(chunk)
        write(self, chunk)

    monkeypatch.setattr(download._Written, "write", full)
    assert main(["fetch", str(own), "--yes"]) == 2
    assert "cache/data/own: the disk is full. What came is kept" in said()
    left = {p.name: p.stat().st_size for p in Path("cache/data/own").iterdir()}
    assert left == ({"S01R1.edf.part": came * download.CHUNK} if came else {})
    monkeypatch.setattr(download._Written, "write", write)
    assert main(["fetch", str(own), "--yes"]) == 0
    assert Path("cache/data/own/S01R1.edf").stat().st_size == 200_000


@pytest.mark.parametrize("there", ["cache", "cache/data", "cache/data/own"])
def test_a_file_where_a_folder_must_be(own, said, publisher, there):
    Path(there).parent.mkdir(parents=True, exist_ok=True)
    Path(there).write_text("mine")
    assert main(["fetch", str(own), "--yes"]) == 2
    assert "cannot be written" in said()
    assert Path(there).read_text() == "mine"


def test_a_folder_where_a_file_must_be(own, said):
    Path("cache/data/own/S01R1.edf").mkdir(parents=True)
    assert main(["fetch", str(own), "--yes"]) == 2
    assert "S01R1.edf: cannot be written (Is a directory)" in said()


def test_a_link_of_the_persons_own_is_followed_by_no_download(own, said):
    """A name that is a link to nowhere is replaced, not written through."""
    folder = Path("cache/data/own")
    folder.mkdir(parents=True)
    (folder / "S01R1.edf").symlink_to(Path("victim").absolute())
    assert main(["fetch", str(own), "--yes"]) == 0
    assert not Path("victim").exists()
    assert (folder / "S01R1.edf").read_bytes() == bytes(200_000)


def test_nobody_at_the_keyboard_is_no_yes(own, said, publisher, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["fetch", str(own)]) == 2
    assert "say --yes" in said()
    assert publisher.gets() == []


def test_a_bomb_of_aliases_is_no_card(said):
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    Path("bomb.yaml").write_text("\n".join(lines))
    assert main(["fetch", "bomb.yaml"]) == 2
    assert "stands for more than 100,000 values" in said()
