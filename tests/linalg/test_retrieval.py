import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import DataError
from neurodecode.linalg.retrieval import every_place, own_products, retrieve


@st.composite
def vectors(draw):
    """Whole numbers, so that many products are equal and none is rounded."""
    n, n_queries, n_entries = (draw(st.integers(1, most)) for most in (5, 20, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    queries, gallery = (rng.integers(-2, 3, (m, n)).astype(float) for m in (n_queries, n_entries))
    return queries, gallery, rng.integers(n_entries, size=n_queries)


@given(vectors(), st.sampled_from([np.float64, np.float32, np.float16]), st.integers(0, 12))
def test_places_and_neighbours_are_those_of_the_whole_matrix(made, dtype, n_nearest):
    queries, gallery, which = made
    products = queries @ gallery.T
    own = products[np.arange(len(queries)), which]
    queries, gallery = queries.astype(dtype), gallery.astype(dtype)
    assert np.array_equal(own_products(queries, gallery, which), own)
    found = retrieve(queries, gallery, own, n_nearest=n_nearest)
    assert np.array_equal(found.better, np.sum(products > own[:, None], axis=1))
    assert np.array_equal(found.alike, np.sum(products == own[:, None], axis=1))
    first = np.argsort(-products, axis=1, kind="stable")[:, :n_nearest]
    assert np.array_equal(found.nearest, first)
    assert np.array_equal(found.products, np.take_along_axis(products, first, axis=1))


def units(rng, n, size=64, dtype=np.float32):
    X = rng.standard_normal((n, size))
    return (X / np.linalg.norm(X, axis=1, keepdims=True)).astype(dtype)


def many(seed=0):
    """More than a block of queries and of entries, among them equal and nearly equal ones."""
    rng = np.random.default_rng(seed)
    gallery = units(rng, 5000)
    gallery[4990:] = gallery[:10]  # equal to those
    # Nearer than a product of float32 can tell: another in the last bit of one number.
    gallery[4900:4990] = gallery[:90]
    gallery[4900:4990, 0] = np.nextafter(gallery[:90, 0], np.float32(2))
    which = np.concatenate([np.arange(100), rng.integers(5000, size=600)])
    queries = gallery[which] + rng.standard_normal((700, 64)).astype(np.float32) / 10
    return queries.astype(np.float32), gallery, which


def test_places_of_float32_are_those_of_float64():
    queries, gallery, which = many()
    found = retrieve(queries, gallery, own_products(queries, gallery, which), n_nearest=10)
    products = queries.astype(float) @ gallery.astype(float).T
    own = products[np.arange(700), which][:, None]
    near = 1e-12 * np.linalg.norm(queries.astype(float), axis=1)[:, None]
    assert np.array_equal(found.better, np.sum(products > own + near, axis=1))
    assert np.array_equal(found.alike, np.sum(abs(products - own) <= near, axis=1))
    # The matrix of float32 alone gets some of them wrong, so this is no empty promise.
    rough = queries @ gallery.T
    assert np.any(np.sum(rough > rough[np.arange(700), which][:, None], axis=1) != found.better)
    assert np.array_equal(np.sort(found.products)[:, ::-1], found.products)
    expected = np.sort(products, axis=1)[:, :-11:-1]
    assert found.products == pytest.approx(expected, abs=64 * float(np.finfo(np.float32).eps))


def test_answers_that_are_all_alike_are_tied_with_everything():
    gallery = units(np.random.default_rng(0), 300)
    queries = np.zeros((5, 64), dtype=np.float32)
    found = retrieve(queries, gallery, own_products(queries, gallery, np.arange(5)), n_nearest=3)
    assert found.better.tolist() == [0] * 5
    assert found.alike.tolist() == [300] * 5
    assert found.nearest.tolist() == [[0, 1, 2]] * 5
    # The same where lengths differ from 1 and the products are not zero.
    alike = np.tile(gallery[:1], (5000, 1))
    found = retrieve(7 * gallery[:3], alike, own_products(7 * gallery[:3], alike, np.arange(3)))
    assert (found.better.tolist(), found.alike.tolist()) == ([0] * 3, [5000] * 3)


def test_tensors_give_what_arrays_give():
    torch = pytest.importorskip("torch")
    queries, gallery, which = many()
    own = own_products(queries, gallery, which)
    expected = retrieve(queries, gallery, own, n_nearest=10)
    theirs = torch.from_numpy(queries), torch.from_numpy(gallery)
    assert own_products(*theirs, which) == pytest.approx(own, abs=1e-15)
    found = retrieve(*theirs, torch.from_numpy(own), n_nearest=10)
    assert np.array_equal(found.better, expected.better)
    assert np.array_equal(found.alike, expected.alike)
    assert found.products == pytest.approx(expected.products, abs=1e-6)


def test_a_memory_map_is_read_block_by_block(tmp_path):
    queries, gallery, which = many()
    np.save(tmp_path / "gallery.npy", gallery)
    mapped = np.load(tmp_path / "gallery.npy", mmap_mode="r")
    own = own_products(queries, mapped, which)
    found, expected = (retrieve(queries, one, own, n_nearest=2) for one in (mapped, gallery))
    for name, value in vars(expected).items():
        assert np.array_equal(getattr(found, name), value)


@given(vectors())
def test_every_place_is_that_of_each_entry_as_the_own_one(made):
    queries, gallery, _ = made
    better, alike = every_place(queries @ gallery.T)
    some = np.array([0, len(gallery) - 1])
    for whole, placed in zip((better, alike), every_place(queries @ gallery.T, some), strict=True):
        assert np.array_equal(whole[:, some], placed)
    for j in range(len(gallery)):
        own = own_products(queries, gallery, np.full(len(queries), j))
        found = retrieve(queries, gallery, own)
        assert np.array_equal(better[:, j], found.better)
        assert np.array_equal(alike[:, j], found.alike)


def test_what_has_no_place_is_told():
    X = np.zeros((3, 4))
    with pytest.raises(DataError, match=r"queries of shape \(3, 4\) for a gallery of shape \(3, 5"):
        retrieve(X, np.zeros((3, 5)))
    with pytest.raises(DataError, match="10 nearest of a gallery of 0 entries"):
        retrieve(X, X[:0], n_nearest=10)
    broken = X.copy()
    broken[1, 2] = np.nan
    with pytest.raises(DataError, match="queries: row 1 holds NaN or infinity"):
        retrieve(broken, X)
    with pytest.raises(DataError, match="gallery: row 1 holds NaN or infinity"):
        retrieve(X, broken)


def test_importing_it_imports_no_torch():
    code = "import sys, neurodecode.linalg.retrieval; print('torch' in sys.modules)"
    said = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert said.strip() == "False"
