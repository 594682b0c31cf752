import json
import warnings

import nibabel
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import LeaveOneGroupOut, cross_val_score
from sklearn.naive_bayes import GaussianNB

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm import correlation
from neurodecode.linalg.rdm_compare import compare

SHAPE, AFFINE = (7, 6, 5), np.diag([3.0, 3.0, 4.0, 1.0])
AFFINE[:3, 3] = -12.0, 5.0, 1.0
LABELS, RUNS = np.tile(["face", "house"], 16), np.repeat(["1", "2", "3", "4"], 8)


def image(values, affine=AFFINE):
    return nibabel.Nifti1Image(np.asarray(values, np.float32), affine)


def planted(seed=0, labels=LABELS):
    """A corner of the brain tells faces from houses; the mask leaves out a side."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=(*SHAPE, len(labels)))
    data[1:4, 1:4, 1:4] += 1.2 * (labels == "face")
    mask = np.ones(SHAPE)
    mask[0] = 0
    return image(data), image(mask)


def test_decoding_is_that_of_each_neighbourhood():
    data, mask = planted()
    maps = nd.searchlight(data, LABELS, RUNS, mask=mask, radius=5, n_permutations=60)
    values = data.get_fdata()
    places = np.argwhere(mask.get_fdata() > 0)
    found = maps.image().get_fdata()
    assert np.isnan(found[0]).all() and np.isfinite(found[1:]).all()
    np.testing.assert_array_equal(maps.image().affine, AFFINE)
    for centre in places[::40]:
        far = np.linalg.norm((places - centre) * [3, 3, 4], axis=1)
        near = values[tuple(places[far <= 5].T)].T
        leaving = {"groups": RUNS, "cv": LeaveOneGroupOut(), "scoring": "balanced_accuracy"}
        expected = cross_val_score(GaussianNB(), near, LABELS, **leaving).mean()
        assert found[tuple(centre)] == pytest.approx(expected, abs=1e-6)
    assert maps.chance == 0.5
    peak = maps.peaks(n=3).iloc[0]
    assert all(1 <= peak[one] <= 3 for one in "ijk")
    np.testing.assert_allclose(
        peak[["x", "y", "z"]].astype(float), AFFINE[:3] @ [*peak[["i", "j", "k"]], 1]
    )
    assert peak["p_max"] == peak["p"] == 1 / 61
    far_away = maps.image(of="p_max").get_fdata()[6, 5]
    assert far_away.min() > 0.05
    assert "gnb, balanced_accuracy at 180 centres, radius 5 mm" in repr(maps)


def test_labels_that_tell_nothing_are_significant_nowhere():
    mask = planted()[1]
    shuffled = np.random.default_rng(5).permuted(LABELS.reshape(4, 8), axis=1).ravel()
    maps = nd.searchlight(
        planted(labels=np.full(32, "house"))[0], shuffled, RUNS, mask=mask, radius=5,
        method={"ridge": {"alpha": 10.0}}, n_permutations=40,
    )  # fmt: skip
    assert maps.p_max["balanced_accuracy"].min() > 0.05
    assert abs(np.mean(maps.scores["balanced_accuracy"]) - 0.5) < 0.1


def test_trials_of_a_card_know_their_runs_and_blocks(monkeypatch, tmp_path):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path))
    trials = nd.load("haxby2001", "face_house_volumes", simulate="small")
    maps = nd.searchlight(trials, radius=10, metric="accuracy", n_permutations=100)
    space = trials.signal("fmri").used()[0].space
    found = maps.image().get_fdata()
    assert np.isfinite(found[tuple(space.ijk.T)]).all()
    assert np.isfinite(found).sum() == len(space) == 80
    assert maps.chance == 0.5
    assert np.max(maps.scores["accuracy"]) > 0.9
    # Volumes of a block are near copies: one by one, p would be far too small. Of blocks, one of
    # each class in three runs, there are eight permutations.
    assert maps.p["accuracy"].min() > 0.05
    without = nd.searchlight(trials, radius=10, metric="accuracy", n_permutations=0)
    assert np.isnan(without.p["accuracy"]).all()
    several = {"runs": np.zeros(len(trials))}
    with pytest.raises(ConfigError, match="say their runs"):
        nd.searchlight(trials, **several)
    with pytest.raises(ConfigError, match="no column 'face'"):
        nd.searchlight(trials, "face")


def test_models_are_compared_at_every_centre():
    rng = np.random.default_rng(1)
    conditions = np.tile(list("dacb"), 8)
    data, mask = image(rng.normal(size=(*SHAPE, 32))), planted()[1]
    rdm = rng.random((4, 4))
    rdm = pd.DataFrame(rdm + rdm.T, index=list("bdca"), columns=list("bdca"))
    as_array = rdm.loc[list("abcd"), list("abcd")].to_numpy()
    other = np.arange(6.0)
    maps = nd.searchlight(  # without runs, which correlation of condition means does not look at
        data, conditions, mask=mask, models={"rdm": rdm, "other": other}, radius=5,
        comparison="corr", n_permutations=50,
    )  # fmt: skip
    inside = mask.get_fdata() > 0
    X = data.get_fdata()[inside].T
    means = np.stack([X[conditions == one].mean(axis=0) for one in "abcd"])
    told = np.stack([as_array[np.triu_indices(4, 1)], other])
    for i in range(0, len(maps.light), 30):
        near = correlation(means[:, maps.light.of(i)])[None]
        expected = compare(near, told, "corr")[0]
        found = [maps.scores["rdm"][i], maps.scores["other"][i]]
        np.testing.assert_allclose(found, expected, atol=1e-6)  # images are of float32
    assert maps.chance == 0
    for name in ("rdm", "other"):
        assert (maps.p_max[name] >= maps.p[name] - 1e-12).all()


def test_noise_divides_crossvalidated_distances():
    conditions = np.tile(np.repeat(list("abcd"), 2), 4)
    rng = np.random.default_rng(1)
    kind = np.isin(conditions, ["a", "b"])
    data = rng.normal(size=(*SHAPE, 32))
    data[2:5, 1:4, 1:4] += 2 * kind * rng.choice([-1, 1], (3, 3, 3))[..., None]
    data[:, :, ::2] *= 5  # of these planes noise and signal are five times as large
    model = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0.0]])
    given = {"mask": planted()[1], "models": {"kind": model}, "radius": 5, "comparison": "corr"}
    asked = {"distance": "crossnobis", "n_permutations": 0}
    for noise in ("diag", "shrink_diag"):
        maps = nd.searchlight(image(data), conditions, RUNS, noise=noise, **asked, **given)
        assert maps.image("kind").get_fdata()[3, 2, 2] > 0.9


def test_each_searchlight_warns_once_of_ties_in_a_model():
    conditions = np.tile(np.repeat(list("abcd"), 2), 4)
    data = np.random.default_rng(1).normal(size=(*SHAPE, 32))
    model = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0.0]])
    given = {"mask": planted()[1], "models": {"kind": model}, "radius": 5}
    for _ in range(2):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            nd.searchlight(
                image(data), conditions, RUNS, comparison="spearman", n_permutations=0, **given
            )
        assert sum("spearman rewards ties" in str(one.message) for one in said) == 1


def test_plain_cosine_is_named_as_ranking_nothing():
    given = {"data": DATA, "runs": RUNS, "mask": MASK, "radius": 5, "n_permutations": 0} | FOUR
    with pytest.warns(UserWarning, match="plain cosine .* ranks nothing"):
        maps = nd.searchlight(**given, comparison="cosine")
    assert np.min(maps.scores["m"]) > 0.5  # of a model that knows nothing, in noise


def test_a_surface_of_two_hemispheres(tmp_path):
    from nilearn.surface import InMemoryMesh, PolyMesh, SurfaceImage

    number = np.arange(36).reshape(6, 6)
    a, b, c, d = (
        one.ravel() for one in (number[:-1, :-1], number[1:, :-1], number[:-1, 1:], number[1:, 1:])
    )
    x, y = 2.0 * np.indices((6, 6)).reshape(2, -1)
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    mesh = PolyMesh(
        left=InMemoryMesh(np.stack([x - 30, y, 0 * x], 1), faces),
        right=InMemoryMesh(np.stack([x + 30, y, 0 * x], 1), faces),
    )
    rng = np.random.default_rng(0)
    data = {"left": rng.normal(size=(36, 32)), "right": rng.normal(size=(36, 32))}
    data["right"][:15] += 1.5 * (LABELS == "face")
    marked = {"left": np.ones(36), "right": np.ones(36)}
    marked["left"][0] = 0
    maps = nd.searchlight(
        SurfaceImage(mesh, data), LABELS, RUNS, mask=SurfaceImage(mesh, marked), radius=4,
        method="lda", n_permutations=20,
    )  # fmt: skip
    peak = maps.peaks(n=1).iloc[0]
    assert (peak["part"], peak["p"]) == ("right", 1 / 21)
    assert peak["vertex"] < 15 and peak["x"] >= 30
    drawn = maps.image().data.parts
    assert np.isnan(drawn["left"][0]) and np.isfinite(drawn["right"]).all()
    maps.save(tmp_path)
    kept = nibabel.load(tmp_path / "balanced_accuracy_right.gii").darrays[0].data
    np.testing.assert_array_equal(kept, drawn["right"])


def test_maps_are_saved(tmp_path):
    data, mask = planted()
    maps = nd.searchlight(data, LABELS, RUNS, mask=mask, radius=5, n_permutations=10, n_splits=2)
    folder = maps.save(tmp_path / "maps")
    kept = nibabel.load(folder / "balanced_accuracy.nii.gz")
    np.testing.assert_array_equal(kept.get_fdata(), maps.image().get_fdata())
    assert (folder / "balanced_accuracy_p_max.nii.gz").is_file()
    assert len(pd.read_csv(folder / "balanced_accuracy_peaks.csv")) > 1
    assert (folder / "balanced_accuracy.png").stat().st_size > 1000
    said = json.loads((folder / "searchlight.json").read_text())
    assert (said["n_folds"], said["radius"], said["classes"]) == (2, 5, ["face", "house"])


def test_constant_voxels_have_no_score_and_are_named():
    data, mask = planted()
    values = data.get_fdata()
    values[4, 4] = 7.0
    with pytest.warns(UserWarning, match="5 of 180 voxels are constant"):
        maps = nd.searchlight(image(values), LABELS, RUNS, mask=mask, radius=5, n_permutations=0)
    assert np.isnan(maps.image().get_fdata()[4, 4]).all()
    assert np.isfinite(maps.scores["balanced_accuracy"]).all()
    assert maps.said["notes"] == [
        "5 of 180 voxels are constant over trials: they are left out of all neighbourhoods and "
        "have no score."
    ]


DATA, MASK = planted()
WITH_NAN = DATA.get_fdata().copy()
WITH_NAN[2, 2, 2, 5] = np.nan
MOVED = AFFINE.copy()
MOVED[0, 3] += 2
MODEL = {"m": np.ones((2, 2)) - np.eye(2)}
FOUR = {"labels": np.tile(list("abcd"), 8), "models": {"m": np.arange(6.0)}}


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"mask": image(MASK.get_fdata(), MOVED)}, DataError, "its affine differs"),
        ({"mask": image(np.ones((6, 6, 6)))}, DataError, r"shape .*6.*6.*6"),
        ({"mask": image(2 * MASK.get_fdata())}, DataError, "values from 0 to 2"),
        ({"mask": image(np.zeros(SHAPE))}, DataError, "no voxel"),
        ({"mask": None}, ConfigError, "mask is missing"),
        ({"data": image(WITH_NAN)}, DataError, "1 of 180 voxels hold NaN .* first in trial 5"),
        ({"data": image(np.ones((*SHAPE, 32)))}, DataError, "all 180 voxels are constant"),
        ({"data": image(np.ones(SHAPE))}, DataError, "four axes"),
        ({"data": np.ones((32, 9))}, ConfigError, "ndarray is no image"),
        ({"n_splits": 5}, DataError, "4 runs"),
        ({"runs": np.zeros(32)}, DataError, "run"),
        ({"runs": None}, ConfigError, "runs are missing"),
        ({"labels": LABELS[1:]}, ConfigError, r"\(31,\) for 32 trials"),
        ({"labels": [None, *LABELS[1:]]}, DataError, "1 of 32 trials have no label"),
        (
            {"labels": np.repeat(["a", "b"], 16)},
            DataError,
            "cannot be permuted|none can be permuted",
        ),
        ({"method": "svm"}, ConfigError, "there is no 'svm'"),
        ({"method": {"gnb": {"alpha": 1}}}, ConfigError, "gnb has no argument 'alpha'"),
        ({"method": "rsa"}, ConfigError, "rsa compares with models"),
        ({"metric": "auc"}, ConfigError, "'auc'"),
        (FOUR | {"models": {"m": np.zeros((3, 3))}}, DataError, "3 conditions and the trials of 4"),
        (FOUR | {"models": {"m": np.arange(16.0).reshape(4, 4)}}, DataError, "not symmetric"),
        (FOUR | {"models": {"m": np.ones(6)}}, DataError, "m: all pairs are as dissimilar"),
        ({"models": MODEL}, DataError, "2 conditions have 1 pairs"),
        ({"radius": "8mm"}, ConfigError, "radius: '8mm'. Give millimetres"),
        ({"n_permutations": 10.5}, ConfigError, "n_permutations: 10.5. Give a whole number"),
        (FOUR | {"comparison": "rho_a"}, ConfigError, "comparison: there is no 'rho_a'. Did you"),
        (FOUR | {"distance": "pearson"}, ConfigError, "distance: there is no 'pearson'"),
        (FOUR | {"noise": "ledoit"}, ConfigError, "noise: there is no 'ledoit'"),
        ({"models": np.ones(1)}, ConfigError, "ndarray is no mapping"),
        (FOUR | {"models": {"m": {"features": np.ones((4, 3))}}}, ConfigError, "m is a mapping"),
        (FOUR | {"comparison": "tau-a"}, ConfigError, "rho-a"),
        ({"models": MODEL, "metric": "accuracy"}, ConfigError, "metric: it is of decoding"),
        ({"models": MODEL, "n_splits": 2, "blocks": RUNS}, ConfigError, "n_splits, blocks: they"),
        ({"distance": "crossnobis"}, ConfigError, "distance: it is of models, .* method 'gnb'"),
        ({"method": "lda", "noise": "diag"}, ConfigError, "noise: it is of models, .*'lda'"),
        ({"models": MODEL, "noise": "diag"}, ConfigError, "correlation has none"),
        ({"models": MODEL, "runs": None, "distance": "crossnobis"}, ConfigError, "runs are miss"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, error, said):
    given = {"data": DATA, "labels": LABELS, "runs": RUNS, "mask": MASK, "radius": 5}
    with pytest.raises(error, match=said), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nd.searchlight(**given | change)
