"""One function unpacks: whole or not at all, nowhere but in its folder, and no bomb."""

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import DataError
from neurodecode.data import archives
from neurodecode.data.archives import stem, unpack

FILES = {
    "sub-01/eeg.edf": b"\0\1" * 700_000,
    "sub-01/empty.txt": b"",
    "Fragen/größe.tsv": b"a\tb\n",
}


@pytest.fixture
def place(tmp_path):
    """A folder in which nothing may be made but `data`."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "victim").write_text("mine")
    return tmp_path / "inside"


def zipped(path: Path, *members) -> Path:
    """Write a zip of (name or ZipInfo, content)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members:
            out.writestr(name, content)
    return path


def tarred(path: Path, *members) -> Path:
    """Write a tar of (name or TarInfo, content)."""
    with tarfile.open(path, "w:gz" if path.name.lower().endswith("gz") else "w") as out:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.isreg():
                info.size = len(content)
            out.addfile(info, io.BytesIO(content))
    return path


def tar_info(name: str, kind: bytes, to: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info


def zip_info(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def nothing_but(archive: Path) -> None:
    """No file was made, in the folder or around it."""
    assert sorted(p.name for p in archive.parent.iterdir()) == [archive.name]
    assert sorted(p.name for p in archive.parent.parent.iterdir()) == ["inside", "victim"]
    assert (archive.parent.parent / "victim").read_text() == "mine"


@pytest.mark.parametrize(
    ("make", "name"),
    [(zipped, "a.zip"), (tarred, "a.tar"), (tarred, "a.tar.gz"), (tarred, "A.TGZ")],
)
def test_what_was_packed_comes_out_byte_by_byte(place, make, name):
    archive = make(place / name, *FILES.items())
    assert unpack(archive, place / "data") == {n: len(c) for n, c in FILES.items()}
    found = {
        p.relative_to(place / "data").as_posix(): p.read_bytes()
        for p in (place / "data").rglob("*")
        if p.is_file()
    }
    assert found == FILES
    assert stem(name).lower() == "a"
    with pytest.raises(DataError, match="is there already"):
        unpack(archive, place / "data")


OUT = "would lie outside the folder"
CLIMBERS = [
    "../victim",
    "a/../../victim",
    "/etc/passwd",
    "..\\victim",
    "C:\\victim",
    "C:x",
    "a\x1b[2J",
]


@pytest.mark.parametrize("name", CLIMBERS)
@pytest.mark.parametrize(("make", "kind"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_a_member_that_climbs_out_is_refused_and_its_neighbours_with_it(place, make, kind, name):
    archive = make(place / kind, ("good.txt", b"good"), (name, b"bad"))
    with pytest.raises(DataError, match=f"its member .* {OUT}. Nothing was unpacked"):
        unpack(archive, place / "data")
    nothing_but(archive)


LINKS = [
    tar_info("link", tarfile.SYMTYPE, "../victim"),
    tar_info("link", tarfile.SYMTYPE, "good.txt"),
    tar_info("link", tarfile.LNKTYPE, "../victim"),
    tar_info("null", tarfile.CHRTYPE),
    tar_info("disk", tarfile.BLKTYPE),
    tar_info("pipe", tarfile.FIFOTYPE),
]


@pytest.mark.parametrize("info", LINKS, ids=lambda info: f"{info.name} {info.linkname}")
def test_links_and_devices_in_a_tar_are_refused(place, info):
    archive = tarred(place / "a.tar", ("good.txt", b"good"), (info, b""), ("link/x", b"bad"))
    with pytest.raises(DataError, match=f"its member '{info.name}' is a link or a device"):
        unpack(archive, place / "data")
    nothing_but(archive)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(place, kind):
    archive = zipped(place / "a.zip", ("good.txt", b"good"), (zip_info("l", kind | 0o777), b"../v"))
    with pytest.raises(DataError, match="its member 'l' is a link or a device"):
        unpack(archive, place / "data")
    nothing_but(archive)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("a", "a"), "'a' is there twice"),
        (("A/b", "a/B"), "'a/B' is there twice"),
        (("a", "a/b"), "'a/b' lies below the file 'a'"),
        (("a/b", "a"), "'a' is there twice"),
        (("x" * 300,), "more than 255 bytes"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(("make", "kind"), [(zipped, "a.zip"), (tarred, "a.tar")])
def test_two_members_are_never_one_file(place, make, kind, names, sentence):
    archive = make(place / kind, *[(name, b"x") for name in names])
    with pytest.raises(DataError, match=sentence):
        unpack(archive, place / "data")
    nothing_but(archive)


@pytest.mark.parametrize(("make", "kind"), [(zipped, "a.zip"), (tarred, "a.tar.gz")])
def test_a_bomb_is_refused_long_before_it_is_unpacked(place, monkeypatch, make, kind):
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 100_000)
    zeros = bytes(10_000_000)  # deflate makes 10 kB of them, a thousandth
    archive = make(place / kind, ("zeros", zeros))
    assert archive.stat().st_size < 20_000
    written = []
    monkeypatch.setattr(archives, "_write", lambda *a: written.append(a))
    with pytest.raises(DataError, match=r"more than the \d+ MB that an archive of its size"):
        unpack(archive, place / "data")
    assert written == []
    nothing_but(archive)


def test_a_header_that_fills_memory_is_refused(place, monkeypatch):
    """A pax header is read whole, before a member is known: it counts as well."""
    monkeypatch.setattr(archives, "ALWAYS_ALLOWED", 100_000)
    archive = place / "a.tar.gz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT) as out:
        info = tarfile.TarInfo("a")
        info.pax_headers = {"comment": "x" * 20_000_000}
        out.addfile(info)
    with pytest.raises(DataError, match="that an archive of its size may hold"):
        unpack(archive, place / "data")
    nothing_but(archive)


def test_small_and_dense_is_no_bomb(place):
    archive = zipped(place / "mask.zip", ("mask.nii", bytes(5_000_000)))
    assert archive.stat().st_size * archives.MOST_RATIO < 5_000_000
    assert unpack(archive, place / "data") == {"mask.nii": 5_000_000}


def test_too_many_members_are_refused(place, monkeypatch):
    monkeypatch.setattr(archives, "MOST_MEMBERS", 10)
    archive = tarred(place / "a.tar", *[(str(i), b"") for i in range(11)])
    with pytest.raises(DataError, match="more than 10 members"):
        unpack(archive, place / "data")
    nothing_but(archive)


def test_the_limit_on_bytes_holds(place):
    archive = zipped(place / "a.zip", *FILES.items())
    with pytest.raises(DataError, match="more than the 1 MB"):
        unpack(archive, place / "data", most_bytes=1_000_000)
    nothing_but(archive)


def test_a_zip_whose_sizes_lie_is_damaged(place):
    """The header says one byte where a megabyte follows."""
    archive = zipped(place / "a.zip", ("a", bytes(1_000_000)))
    packed = archive.read_bytes()
    archive.write_bytes(packed.replace((1_000_000).to_bytes(4, "little"), b"\1\0\0\0"))
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, place / "data")
    nothing_but(archive)


def test_an_encrypted_zip_is_said_to_be_one(place):
    archive = zipped(place / "a.zip", ("a", b"secret"))
    packed = bytearray(archive.read_bytes())
    packed[packed.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(packed)
    with pytest.raises(DataError, match="'a' is encrypted"):
        unpack(archive, place / "data")
    nothing_but(archive)


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_an_archive_cut_anywhere_leaves_nothing(place, name):
    make = zipped if name == "a.zip" else tarred
    archive = make(place / name, ("a", os.urandom(5000)), ("b", os.urandom(5000)))
    whole = archive.read_bytes()
    for cut in (0, 1, 10, len(whole) // 2, len(whole) - 1):
        archive.write_bytes(whole[:cut])
        with pytest.raises(DataError, match="damaged"):
            unpack(archive, place / "data")
        nothing_but(archive)


def test_a_flipped_bit_is_found(place):
    archive = tarred(place / "a.tar.gz", ("a", os.urandom(5000)))
    packed = bytearray(archive.read_bytes())
    packed[-6] ^= 1  # of the checksum: the content may come out as it was
    archive.write_bytes(packed)
    with pytest.raises(DataError, match="damaged"):
        unpack(archive, place / "data")
    nothing_but(archive)


def test_an_ending_that_is_not_read_is_said(place):
    (place / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match=r"a\.rar: no archive that is read"):
        unpack(place / "a.rar", place / "data")


@given(st.binary(max_size=3000), st.sampled_from(["a.zip", "a.tar", "a.tar.gz"]))
def test_no_bytes_make_anything_but_files_or_our_error(tmp_path_factory, content, name):
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_bytes(content)
    try:
        members = unpack(folder / name, folder / "data")
    except DataError:
        assert sorted(p.name for p in folder.iterdir()) == [name]
    else:
        assert all((folder / "data" / one).is_file() for one in members)
