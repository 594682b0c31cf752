"""Files of arrays: every format gives the same numbers; what is damaged or harms is refused."""

import io
import os
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.readers import _array_files
from neurodecode.data.readers._array_files import as_numbers, keys_of, read, shape_of

BETAS = np.arange(12.0).reshape(3, 4)
NAMES = np.array(["left", "right", "left"])


def matlab_73(path, **arrays):
    """Write what MATLAB's ``save -v7.3`` writes: its block of text, axes turned round, classes."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in arrays.items():
            if isinstance(value, str):
                one = file.create_dataset(name, data=np.array([[ord(c)] for c in value], "u2"))
                one.attrs["MATLAB_class"] = np.bytes_("char")
            elif isinstance(value, list):  # a cell
                held = [file.create_dataset(f"#refs#/{name}{i}", data=np.asarray(each).T)
                        for i, each in enumerate(value)]  # fmt: skip
                for each in held:
                    each.attrs["MATLAB_class"] = np.bytes_("double")
                references = np.array([[each.ref] for each in held], dtype=h5py.ref_dtype)
                one = file.create_dataset(name, data=references, dtype=h5py.ref_dtype)
                one.attrs["MATLAB_class"] = np.bytes_("cell")
            else:
                one = file.create_dataset(name, data=np.asarray(value).T)
                one.attrs["MATLAB_class"] = np.bytes_("double")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file")
    return path


def npz(path):
    np.savez(path, betas=BETAS, name=NAMES)


def npz_compressed(path):
    np.savez_compressed(path, betas=BETAS, name=NAMES)


def mat_5(path):
    scipy.io.savemat(path, {"betas": BETAS, "name": NAMES.astype(object)[None]})


def hdf5(path):
    with h5py.File(path, "w") as file:
        file["betas"], file["name"] = BETAS, NAMES.astype(object)


@pytest.mark.parametrize(
    ("name", "write"),
    [("a.npz", npz), ("a.npz", npz_compressed), ("a.mat", mat_5), ("a.h5", hdf5)],
    ids=["npz", "npz compressed", "mat 5", "hdf5"],
)
def test_every_format_gives_the_same_numbers_and_words(tmp_path, name, write):
    path = tmp_path / name
    write(path)
    assert set(keys_of(path)) == {"betas", "name"}
    assert shape_of(path, "betas") == (3, 4)
    np.testing.assert_array_equal(read(path, "betas"), BETAS)
    words = read(path, "name")
    assert words.dtype == object and words.ravel().tolist() == NAMES.tolist()
    assert shape_of(path, "name") == words.shape


def test_a_npy_file_is_one_array(tmp_path):
    np.save(tmp_path / "a.npy", np.asfortranarray(BETAS))
    assert keys_of(tmp_path / "a.npy") == [""]
    np.testing.assert_array_equal(read(tmp_path / "a.npy", ""), BETAS)


def test_matlab_7_3_comes_in_matlab_s_order(tmp_path):
    path = matlab_73(tmp_path / "a.mat", betas=BETAS, name="six", runs=[BETAS, BETAS + 1])
    assert keys_of(path) == ["betas", "name", "runs"]
    np.testing.assert_array_equal(read(path, "betas"), BETAS)
    assert read(path, "name").tolist() == ["six"]
    np.testing.assert_array_equal(read(path, "runs"), [[BETAS, BETAS + 1]])
    for key in ("betas", "name", "runs"):
        assert shape_of(path, key) == read(path, key).shape


def test_fields_of_a_struct_are_reached_with_dots(tmp_path):
    struct = np.empty((1, 2), dtype=[("RDM", object), ("name", object), ("odd", object)])
    struct[0] = [(BETAS, "one", [1.0]), (BETAS + 1, "two", [1.0, 2.0])]
    scipy.io.savemat(tmp_path / "a.mat", {"RDMs": struct, "one": {"deep": {"er": BETAS}}})
    path = tmp_path / "a.mat"
    np.testing.assert_array_equal(read(path, "RDMs.RDM"), [[BETAS, BETAS + 1]])
    assert shape_of(path, "RDMs.RDM") == (1, 2, 3, 4)
    assert read(path, "RDMs.name").tolist() == [["one", "two"]]
    np.testing.assert_array_equal(np.squeeze(read(path, "one.deep.er")), BETAS)
    with pytest.raises(DataError, match="'RDMs' is a struct with the fields RDM, name, odd"):
        read(path, "RDMs")
    with pytest.raises(DataError, match=r"the 2 elements of 'RDMs.odd' differ in shape"):
        read(path, "RDMs.odd")
    with pytest.raises(DataError, match=r"no 'RDMs.RDMs' in it; it holds: RDMs.RDM"):
        read(path, "RDMs.RDMs")


def test_a_struct_of_version_7_3_is_a_group(tmp_path):
    with h5py.File(tmp_path / "a.mat", "w") as file:
        file["data/betas"], file["data/fs"] = BETAS, 250.0
    np.testing.assert_array_equal(read(tmp_path / "a.mat", "data.betas"), BETAS)
    with pytest.raises(DataError, match=r"'data' is a struct .* it holds: data.betas, data.fs"):
        read(tmp_path / "a.mat", "data")


def test_a_sparse_variable_is_an_array(tmp_path):
    scipy.io.savemat(tmp_path / "a.mat", {"x": scipy.sparse.csc_matrix(np.eye(3))})
    np.testing.assert_array_equal(read(tmp_path / "a.mat", "x"), np.eye(3))


def test_columns_of_a_table_are_keys(tmp_path):
    (tmp_path / "a.csv").write_text('bold,"label, long",id,age\n1.5,a,007,3\n-2e3,,010,\n')
    path = tmp_path / "a.csv"
    assert keys_of(path) == ["bold", "label, long", "id", "age"]
    assert read(path, "bold").tolist() == [1.5, -2000.0]
    assert read(path, "label, long").tolist() == ["a", None]
    assert read(path, "id").tolist() == ["007", "010"]  # an id is no number
    np.testing.assert_array_equal(read(path, "age"), [3.0, np.nan])


def test_whole_numbers_stay_whole():
    assert as_numbers(np.array(["1", "-2"], dtype=object)).dtype.kind == "i"
    assert as_numbers(np.array(["0", "0.5"], dtype=object)).tolist() == [0.0, 0.5]
    assert as_numbers(np.array(["n/a", ""], dtype=object)).tolist() == [None, None]


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
def test_a_pickle_is_refused_and_never_run(tmp_path, name):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    array = np.array([Harm()], dtype=object)
    path = tmp_path / name
    if name == "a.npz":
        np.savez(path, betas=array, allow_pickle=True)
    else:
        np.save(path, array, allow_pickle=True)
    for function in (read, shape_of):
        with pytest.raises(DataError, match="holds pickled Python objects, which can run code"):
            function(path, "betas" if name == "a.npz" else "")
    assert not (tmp_path / "harm").exists()


def test_a_pickle_by_another_name_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(DataError, match="holds pickled Python objects"):
        read(tmp_path / "a.npy", "")


@pytest.mark.parametrize("name", ["a.npz", "a.mat", "a.h5", "a.csv"])
def test_a_missing_key_is_named_with_what_there_is(tmp_path, name):
    path = tmp_path / name
    if name == "a.csv":
        path.write_text("betas,name\n1,a\n")
    else:
        {"a.npz": npz, "a.mat": mat_5, "a.h5": hdf5}[name](path)
    for function in (read, shape_of):
        with pytest.raises(DataError, match=r"there is no 'beta' in it; it holds: betas, name"):
            function(path, "beta")


def test_the_nearest_of_many_keys_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", **{f"subject{i}": BETAS for i in range(20)})
    with pytest.raises(DataError, match=r"…\. Did you mean 'subject\d+'"):
        read(tmp_path / "a.npz", "subjekt1")


def declared(shape):
    stream = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_shape_that_the_file_does_not_hold_is_refused_before_it_is_allocated(tmp_path, name):
    content = declared((10**6, 10**9))
    if name == "a.npy":
        (tmp_path / name).write_bytes(content)
    else:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("betas.npy", content)
    with pytest.raises(
        DataError, match=r"\(1000000, 1000000000\), which is 8\d* bytes, and holds 0"
    ):
        read(tmp_path / name, "" if name == "a.npy" else "betas")


def test_a_dataset_larger_than_memory_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:  # chunks that nobody wrote take no space
        file.create_dataset("betas", shape=(10**9, 10**6), dtype="f8", chunks=(1000, 1000))
    with pytest.raises(DataError, match=r"8e\+06 GB, more than the .* GB of memory"):
        read(tmp_path / "a.h5", "betas")


@pytest.mark.parametrize(
    ("name", "write"), [("a.npz", npz), ("a.mat", mat_5), ("a.h5", hdf5), ("a.npy", None)]
)
@pytest.mark.parametrize("share", [0.0, 0.4, 0.95])
def test_a_truncated_file_is_one_sentence(tmp_path, name, write, share):
    path = tmp_path / name
    if name == "a.mat":  # a variable before the one that is cut is whole, and read
        scipy.io.savemat(path, {"betas": BETAS})
    else:
        np.save(path, np.zeros((50, 50))) if write is None else write(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=str(path)) as caught:
        read(path, "" if write is None else "betas")
    assert "fetch it again" in str(caught.value).lower() and "\n" not in str(caught.value)


def test_one_changed_byte_of_a_npz_is_found(tmp_path):
    npz(tmp_path / "a.npz")
    content = bytearray((tmp_path / "a.npz").read_bytes())
    place = content.index(np.float64(5.0).tobytes())
    content[place] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match="Bad CRC-32"):
        read(tmp_path / "a.npz", "betas")


def test_links_and_values_outside_an_hdf5_file_are_not_followed(tmp_path):
    hdf5(tmp_path / "other.h5")
    (tmp_path / "raw.bin").write_bytes(bytes(96))
    layout = h5py.VirtualLayout(shape=(3, 4), dtype="f8")
    layout[:] = h5py.VirtualSource("other.h5", "betas", shape=(3, 4))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["link"] = h5py.ExternalLink("other.h5", "/betas")
        file["within"] = h5py.SoftLink("/missing")
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("raw", shape=(3, 4), dtype="f8",
                            external=[(tmp_path / "raw.bin", 0, 96)])  # fmt: skip
    with pytest.raises(DataError, match=r"a link to another file \(other.h5\)"):
        read(tmp_path / "a.h5", "link")
    for key in ("virtual", "raw"):
        with pytest.raises(DataError, match="lie in other files"):
            read(tmp_path / "a.h5", key)
    with pytest.raises(DataError, match="there is no 'within'"):
        read(tmp_path / "a.h5", "within")


def test_objects_in_a_mat_file_are_refused(tmp_path):
    cells = np.empty((1, 2), dtype=object)
    cells[0] = [BETAS, "text"]
    inner = np.empty((1, 1), dtype=object)
    inner[0, 0] = cells
    scipy.io.savemat(tmp_path / "a.mat", {"mixed": cells, "nested": inner})
    with pytest.raises(DataError, match="'mixed' is an array of objects"):
        read(tmp_path / "a.mat", "mixed")
    with pytest.raises(DataError, match=r"'nested' is an array of objects \(cells within cells\)"):
        read(tmp_path / "a.mat", "nested")


def test_a_structured_array_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3, dtype=[("x", "f8")]))
    with pytest.raises(DataError, match="named fields"):
        read(tmp_path / "a.npy", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "cannot be read"), ("a,b\n", "has no rows"), ("a,b\n1,2,3\n4,5,6\n", "cannot be read")],
)
def test_a_damaged_table_is_one_sentence(tmp_path, content, said):
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError, match=said):
        read(tmp_path / "a.csv", "a")


def test_a_file_that_is_not_there_or_of_no_known_kind(tmp_path):
    with pytest.raises(DataMissing, match="there is no such file"):
        read(tmp_path / "a.npz", "x")
    with pytest.raises(DataError, match="read from npz, npy, mat, h5, hdf5, csv and tsv"):
        read(tmp_path / "a.pkl", "x")


def test_finding_numpy_files_loads_neither_scipy_io_nor_h5py(tmp_path):
    npz(tmp_path / "a.npz")
    code = (
        "import sys; from pathlib import Path; from neurodecode.data.readers import _array_files;"
        f"_array_files.read(Path({str(tmp_path / 'a.npz')!r}), 'betas');"
        "print(*{'scipy.io', 'h5py', 'mne', 'nibabel'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


def test_a_table_is_parsed_once_for_all_its_columns(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    calls, plain = [], pd.read_csv
    monkeypatch.setattr(pd, "read_csv", lambda *a, **k: calls.append(a) or plain(*a, **k))
    for key in ("a", "b", "a"):
        _array_files.read(tmp_path / "a.csv", key)
    assert len(calls) == 1


def test_an_array_without_a_name_is_not_read_under_one(tmp_path):
    np.save(tmp_path / "bold.npy", np.zeros((3, 2)))
    assert shape_of(tmp_path / "bold.npy", "") == (3, 2)
    for look in (shape_of, read):
        with pytest.raises(DataError, match=r"bold.npy: .* 'film' is asked for. Leave the key out"):
            look(tmp_path / "bold.npy", "film")
