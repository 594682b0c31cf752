"""What a region's voxels make alone: told apart where it codes what others do not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.cli import main
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.generate.pca import Pca
from neurodecode.report.regions import region_pictures

N_VOXELS, COLOUR = 200, slice(0, 30)


def world(seed, n=150):
    """Pictures of any colour and blob; voxels of one region answer redness, the others the blob."""
    rng = np.random.default_rng(seed)
    at = np.stack([*np.mgrid[:8, :8]], axis=-1)
    places = np.array([[2, 2], [2, 6], [6, 2], [6, 6]])
    blobs = np.exp(-((at[None] - places[:, None, None]) ** 2).sum(-1) / 6)
    weight, red = rng.uniform(size=(n, 4)), rng.uniform(-1, 1, size=n)
    grey = np.einsum("nk,khw->nhw", weight, blobs)[..., None] / 2.5
    tint = 0.2 * red[:, None, None, None] * np.array([1.0, 0.0, -1.0])
    pictures = np.clip(0.25 + 0.5 * grey + tint, 0, 1).astype(np.float32)
    signs = np.random.default_rng([seed, 1]).normal(size=(4, N_VOXELS))
    X = (weight - 0.5) @ signs
    X[:, COLOUR] = red[:, None]  # one sign, as a region that is excited by red
    return X + 0.3 * rng.normal(size=X.shape), pictures


@pytest.fixture(scope="module", params=[0, 1, 2])
def fitted(request):
    X, pictures = world(request.param)
    return Pca(n_components=5, renorm="none").fit(X, pictures), X, request.param


def planted():
    mask = np.zeros(N_VOXELS, dtype=bool)
    mask[COLOUR] = True
    return mask


def test_a_region_of_colour_is_told_apart_and_random_voxels_are_not(fitted):
    model, X, seed = fitted
    drawn = np.zeros(N_VOXELS, dtype=bool)
    drawn[np.random.default_rng([seed, 2]).choice(N_VOXELS, 30, replace=False)] = True
    found = region_pictures(model.predict, X, {"colour": planted(), "drawn": drawn}, n_random=99)
    table: Any = found.table.set_index("region")
    assert table.loc["colour", "p"] == 0.01 and table.loc["colour", "ratio"] > 2  # 1 of 100
    assert table.loc["drawn", "p"] > 0.05 and table.loc["drawn", "ratio"] < 2
    assert table["n_voxels"].tolist() == [30, 30]
    assert found.random["drawn"].shape == (99, 8, 8, 3)
    # Red goes up and blue down, as what its voxels answer to.
    shift = (found.pictures["colour"] - found.random["colour"].mean(axis=0)).mean(axis=(0, 1))
    assert shift[0] > 0.02 and shift[2] < -0.02 and abs(shift[1]) < shift[0] / 2


def test_p_of_random_regions_is_uniform():
    """Exact by exchangeability: of 200 random regions about 5 % have p of .05 or less."""
    X, pictures = world(3)
    model = Pca(n_components=5, renorm="none").fit(X, pictures)
    rng = np.random.default_rng(4)
    masks = {}
    for i in range(200):
        masks[f"{i}"] = np.zeros(N_VOXELS, dtype=bool)
        masks[f"{i}"][rng.choice(N_VOXELS, 30, replace=False)] = True
    p = region_pictures(model.predict, X, masks, n_random=19).table["p"].to_numpy()
    assert p.min() >= 0.05  # 1 of 20 is the least there is
    assert 2 <= (p <= 0.05).sum() <= 20  # binomial(200, .05): 1e-3 on either side
    assert abs(p.mean() - 0.525) < 4 * 0.29 / np.sqrt(200)  # of 1/20 … 20/20


def test_the_pattern_is_in_standard_deviations_of_each_voxel():
    X = np.random.default_rng(0).normal(5, [1, 2, 4, 8], size=(50, 4))
    handed = []

    def predict(brains):
        handed.append(brains)
        return np.zeros((len(brains), 2, 2, 1), dtype=np.float32)

    mask = np.array([True, False, True, False])
    found = region_pictures(predict, X, {"a": mask}, n_random=3, amplitude=2.0)
    z = (handed[0] - X.mean(axis=0)) / X.std(axis=0)
    np.testing.assert_allclose(z[0], [2, 0, 2, 0], atol=1e-12)
    np.testing.assert_allclose(np.sort(z[1:], axis=1), [[0, 0, 2, 2]] * 3, atol=1e-12)
    assert found.table.loc[0, "p"] == 1.0  # pictures that are all alike tell nothing


@pytest.mark.parametrize(
    "mask", [np.ones(4, bool), np.zeros(4, bool), np.ones(3, bool), np.eye(4)[0]]
)
def test_masks_of_other_voxels_are_refused(mask):
    with pytest.raises(DataError, match="'a' has a mask of"):
        region_pictures(np.asarray, np.eye(4), {"a": mask})
    with pytest.raises(ConfigError, match="0 regions"):
        region_pictures(np.asarray, np.eye(4), {})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        file = folder / "scenes.yaml"
        file.write_text(
            "data: {card: simulated_scenes, task: picture, subjects: ['01']}\n"
            "models: [[scale, generate.pca: {n_components: 5}], generate.nearest]\n"
            "shuffled: {n_draws: 0}\nmetrics: [pixcorr]\nkeep: final\n"
        )
        how = ("--simulate", "small", "--engine", "inline", "--out", str(folder / "r"))
        assert main(["run", str(file), *how]) == 0
        trials = nd.load("simulated_scenes", "picture", subjects=["01"], simulate="small")
        (results,) = (folder / "r").iterdir()
        yield nd.load_results(results), trials


def test_a_kept_model_is_asked_for_its_regions(kept):
    results, trials = kept
    mask = np.arange(120) < 40
    found = nd.roi_pictures(results, trials, {"first": mask}, n_random=9)
    assert found.pictures["first"].shape == (16, 16, 3) and found.table.loc[0, "n_voxels"] == 40
    again = nd.roi_pictures(results, trials, {"first": mask}, n_random=9)
    np.testing.assert_array_equal(again.random["first"], found.random["first"])
    nearest = nd.roi_pictures(
        results, trials, {"first": mask}, model="generate.nearest", n_random=3
    )
    assert not np.array_equal(nearest.pictures["first"], found.pictures["first"])


def test_regions_are_types_of_voxels(kept):
    results, trials = kept
    with pytest.raises(DataError, match="says no regions"):
        nd.roi_pictures(results, trials)
    signal = trials.signals["fmri"]
    types = tuple("V1" if i < 40 else "V2" for i in range(120))
    parts = [replace(one, space=replace(one.space, types=types)) for one in signal.parts]
    typed = replace(trials, signals={"fmri": replace(signal, parts=parts)})
    found = nd.roi_pictures(results, typed, n_random=3)
    mask = np.arange(120) < 40
    expected = nd.roi_pictures(results, typed, {"V1": mask}, n_random=3)
    assert found.table["region"].tolist() == ["V1", "V2"]
    np.testing.assert_array_equal(found.pictures["V1"], expected.pictures["V1"])
    with pytest.raises(DataError, match=r"none of 120 voxels is of type 'V3'"):
        nd.roi_pictures(results, typed, {"both": ["V1", "V3"]})


def test_models_that_were_not_kept_are_said(kept):
    results, trials = kept
    with pytest.raises(ConfigError, match=r"kept no model 'generate\.nearst'\. Did you mean"):
        nd.roi_pictures(results, trials, model="generate.nearst")
