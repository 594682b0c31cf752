"""Pickled arrays are read as data: equal to what was saved, and nothing they say is run."""

import collections
import io
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from neurodecode.cli import main
from neurodecode.core.errors import DataError, DataMissing
from neurodecode.core.files import read_json
from neurodecode.data import _pickled, conversion
from neurodecode.data.cards import load_card
from neurodecode.data.conversion import convert, is_pickled
from neurodecode.data.readers import _array_files
from neurodecode.data.roots import find_root

RECORDED = {
    "raw_eeg_data": np.arange(12.0).reshape(3, 4),
    "ch_names": ["Oz", "Pz", "stim"],
    "sfreq": 1000,
    "highpass": 0.01,
}
CARD = """
name: own
modality: eeg
files: {url: "https://example.org", convert: ["raw/*.npy"]}
reader: {arrays: {path: "raw/s{subject}.npz", data: raw_eeg_data, axes: [trial, channel]}}
"""


def arrays_in(content):
    return _pickled.arrays_of(_pickled.read(io.BytesIO(content), len(content)))


def of_a_file(path):
    """Convert in this process, and give what the file holds then."""
    conversion._convert(path, path.with_suffix(".npz"), 1e12)
    with np.load(path.with_suffix(".npz")) as held:
        return dict(held)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Hold no memory limit over the process of the tests: `convert` has one of its own."""
    monkeypatch.setattr(conversion, "_limit", lambda memory: None)


plain = st.one_of(
    st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False), st.text(max_size=5)
)
numbers = arrays.arrays(
    st.sampled_from(["<f8", ">f4", "i2", "u1", "?", "c8", "<U3", "S2"]),
    arrays.array_shapes(min_dims=0, max_dims=3, max_side=4),
)


@settings(max_examples=30, deadline=None)
@given(
    value=st.dictionaries(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True), plain | numbers,
                          min_size=1, max_size=4),
    protocol=st.integers(0, pickle.HIGHEST_PROTOCOL),
)  # fmt: skip
def test_what_was_pickled_is_read_as_pickle_reads_it(value, protocol):
    found = arrays_in(pickle.dumps(value, protocol=protocol))
    assert set(found) == set(value)
    for name, one in value.items():
        np.testing.assert_array_equal(found[name], np.array(one))
        assert found[name].shape == np.shape(one)


def test_orders_and_nesting_are_kept():
    turned = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    value = {"a": {"b": turned, "c": [1.5, 2]}, "words": ("x", "yy"), "none": None,
             "several": [np.ones(2), np.zeros((1, 3))], 3: np.float32(2)}  # fmt: skip
    found = arrays_in(pickle.dumps(value))
    np.testing.assert_array_equal(found["a.b"], turned)
    assert found["a.c"].tolist() == [1.5, 2.0] and found["words"].tolist() == ["x", "yy"]
    assert found["several.0"].shape == (2,) and found["several.1"].shape == (1, 3)
    assert set(found) == {"a.b", "a.c", "words", "several.0", "several.1", "3"}


@pytest.mark.parametrize("written", ["numpy", "pickle"])
def test_both_ways_in_which_dicts_of_arrays_are_kept_give_one_file(tmp_path, written):
    path = tmp_path / "raw_eeg_training.npy"
    if written == "numpy":
        np.save(path, RECORDED)
    else:
        path.write_bytes(pickle.dumps(RECORDED, protocol=4))
    assert is_pickled(path)
    held = of_a_file(path)
    np.testing.assert_array_equal(held["raw_eeg_data"], RECORDED["raw_eeg_data"])
    assert held["ch_names"].tolist() == RECORDED["ch_names"] and held["sfreq"] == 1000
    # Readers refuse the pickled file and say what to do, and read the other.
    with pytest.raises(DataError, match="neurodecode fetch CARD --convert"):
        _array_files.read(path, "")
    assert _array_files.read(path.with_suffix(".npz"), "ch_names").tolist() == ["Oz", "Pz", "stim"]


def test_a_file_is_converted_once_with_a_manifest(tmp_path):
    path = tmp_path / "a.npy"
    np.save(path, RECORDED)
    made = convert(path)
    assert made.arrays["raw_eeg_data"] == ("float64", (3, 4)) and not made.before
    note = read_json(tmp_path / "a.npz.json")
    assert note["source"]["name"] == "a.npy" and len(note["source"]["sha256"]) == 64
    changed = made.target.stat().st_mtime_ns
    assert convert(path).before and made.target.stat().st_mtime_ns == changed
    np.save(path, {**RECORDED, "sfreq": 500})
    assert not convert(path).before
    assert _array_files.read(made.target, "sfreq") == 500


class Harm:
    def __reduce__(self):
        return os.system, ("touch harmed",)


class Hidden:
    """Calls what it was given by attribute: no name that looks dangerous is asked for."""

    def __reduce__(self):
        return getattr, (np.ndarray, "tofile")


def asks_for(module, name):
    return b"\x80\x04c" + f"{module}\n{name}\n".encode() + b"."


BAD = {
    "a call": (pickle.dumps(Harm()), r"asks for (posix|nt)\.system"),
    "a call in an array": (pickle.dumps(np.array([Harm()], dtype=object)), "system"),
    "an attribute": (pickle.dumps(Hidden()), "asks for builtins.getattr"),
    "eval": (b"\x80\x04cbuiltins\neval\n(V1+1\ntR.", "asks for builtins.eval"),
    "an instance": (b"(S'ls'\nios\nsystem\n.", "opcode INST"),
    "an object": (pickle.dumps(collections.Counter("aab")), "asks for collections.Counter"),
    "a class": (pickle.dumps(np.float64), "asks for numpy.float64"),
    "numpy's own loader": (asks_for("numpy", "load"), "asks for numpy.load"),
    "a person's id": (b"\x80\x04X\x01\x00\x00\x00aQ.", "opcode BINPERSID"),
    "an extension": (b"\x80\x04\x82\x01.", "opcode EXT1"),
    "a state of a name": (b"\x80\x04cnumpy\nndarray\n}b.", "gives a state to a _Name"),
    "a call of an array": (b"\x80\x04cnumpy\nndarray\n)R.", "calls what is no array"),
    "fields": (pickle.dumps(np.zeros(2, dtype=[("a", "f8")])), "type 'V8'"),
    "a date": (pickle.dumps(np.array(["2020-01-01"], dtype="M8[D]")), "type 'M8'"),
    "a set": (pickle.dumps({1, 2}), "opcode EMPTY_SET"),
    "a key that climbs": (pickle.dumps({"../x": 1}), r"the key '\.\./x'"),
    "a number too large": (pickle.dumps([2**80]), "a whole number that no array can"),
    "text beside numbers": (pickle.dumps({"a": object}), "asks for builtins.object"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_anything_else_ends_it_and_nothing_is_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, said = BAD[name]
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        conversion._convert(path, tmp_path / "x.npz", 1e12)
    assert str(caught.value).startswith(f"{path}: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.npy"]


def test_what_the_command_gives_of_a_harmful_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(CARD)
    (tmp_path / "raw").mkdir()
    np.save(tmp_path / "raw/s1.npy", RECORDED)
    np.save(tmp_path / "raw/s2.npy", np.array([Harm()], dtype=object))
    assert main(["fetch", "own.yaml", "--convert", "--data", str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert "1 of 2 files are converted" in out
    assert "raw_eeg_data 3 × 4 float64, ch_names 3 <U4, sfreq int64" in err
    assert "s2.npy: at byte" in err and "system, which is no array" in err
    assert not (tmp_path / "harmed").exists() and not (tmp_path / "raw/s2.npz").exists()


def test_the_missing_file_says_how_it_is_made(tmp_path, monkeypatch, caplog):
    (tmp_path / "own.yaml").write_text(CARD)
    card = load_card(tmp_path / "own.yaml")
    (tmp_path / "raw").mkdir()
    np.save(tmp_path / "raw/s1.npy", RECORDED)
    with pytest.raises(DataMissing, match=r"s1\.npy: its arrays are pickled.*fetch own --convert"):
        find_root(card, tmp_path)
    of_a_file(tmp_path / "raw/s1.npy")
    np.save(tmp_path / "raw/s2.npy", RECORDED)
    assert find_root(card, tmp_path) == tmp_path
    assert "1 files are left out that are not converted yet" in caplog.text
    assert "s2.npy" in caplog.text


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_file_cut_short_is_named(tmp_path, cut):
    content = pickle.dumps(RECORDED, protocol=4)
    (tmp_path / "a.npy").write_bytes(content[: int(cut * len(content))])
    with pytest.raises(DataError, match="damaged or cut short"):
        conversion._convert(tmp_path / "a.npy", tmp_path / "a.npz", 1e12)


def test_plain_arrays_need_no_conversion(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    assert not is_pickled(tmp_path / "a.npy")
    with pytest.raises(DataError, match="holds plain numbers, which are read as they are"):
        conversion._convert(tmp_path / "a.npy", tmp_path / "a.npz", 1e12)


def test_a_length_that_the_file_does_not_hold_takes_no_memory(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 50) + b"abc.")
    with pytest.raises(DataError, match="cut short"):
        convert(path)


@pytest.mark.skipif(os.name != "posix", reason="memory is limited where the system can")
def test_a_file_that_grows_in_memory_is_stopped(tmp_path):
    path = tmp_path / "a.npy"
    rows = b"".join(b"K\x01" for _ in range(200_000))
    path.write_bytes(b"\x80\x04(" + rows + b"l.")  # 8 bytes a number of 2
    with pytest.raises(DataError, match=r"a\.npy: it takes more than the 0\.0001 GB"):
        convert(path, memory=1e5)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.npy"]


def test_a_file_that_never_ends_is_stopped(tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x80\x04" + b"NN00" * 4_000_000 + b"N.")
    with pytest.raises(DataError, match=r"a\.npy: not done after 1\.5 s"):
        convert(path, timeout=1.5)


def test_containers_without_end_are_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(_pickled.NotPlain, match="20 deep"):
        arrays_in(pickle.dumps(loop))
    wide = {str(i): i for i in range(10_001)}
    with pytest.raises(_pickled.NotPlain, match="more than 10000 arrays"):
        arrays_in(pickle.dumps(wide))
