import hashlib
import os

import pytest

from neurodecode.core.errors import DataMissing
from neurodecode.data import manifest
from neurodecode.data.manifest import file_sha256

LONG_AGO = 1_600_000_000_000_000_000


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(b"12345")
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    return path


@pytest.fixture
def readings(monkeypatch):
    counted = []
    whole = manifest._sha256
    monkeypatch.setattr(manifest, "_sha256", lambda path: counted.append(path) or whole(path))
    return counted


def test_a_digest_is_taken_once(file, own_cache, readings):
    first = file_sha256(file, own_cache)
    assert first == hashlib.sha256(b"12345").hexdigest()
    assert file_sha256(file, own_cache) == first
    assert len(readings) == 1


def test_rehash_reads_again(file, own_cache, readings):
    file_sha256(file, own_cache)
    file_sha256(file, own_cache, rehash=True)
    assert len(readings) == 2


def test_a_changed_file_is_named(file, own_cache, caplog):
    first = file_sha256(file, own_cache)
    file.write_bytes(b"12346")
    os.utime(file, ns=(LONG_AGO, LONG_AGO + 1))
    assert file_sha256(file, own_cache) != first
    assert f"{file}: the file has changed since it was first seen" in caplog.text


def test_a_file_that_moved_on_disk_is_read_again_in_silence(file, own_cache, readings, caplog):
    file_sha256(file, own_cache)
    copy = file.with_name("copy")
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(LONG_AGO, LONG_AGO))
    copy.replace(file)
    file_sha256(file, own_cache)
    assert len(readings) == 2 and not caplog.text


def test_a_file_changed_just_now_is_read_again(tmp_path, own_cache, readings):
    path = tmp_path / "young.edf"
    path.write_bytes(b"1")
    file_sha256(path, own_cache)
    file_sha256(path, own_cache)
    assert len(readings) == 2


def test_a_missing_file_is_named(tmp_path, own_cache):
    with pytest.raises(DataMissing, match=r"gone\.edf: there is no such file"):
        file_sha256(tmp_path / "gone.edf", own_cache)
