"""The key `features`: what was shown, joined by its id, told from brains or told brains from."""

import shutil
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from tests_harness import run

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.features.pixels import Pixels
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.harness.state import guess, job_states
from neurodecode.harness.store import Store
from neurodecode.harness.table import table_rows
from neurodecode.report.results import Results

CARD = """
name: own
modality: fmri
licence: {name: CC0-1.0}
reader: {arrays: {path: betas.npz, data: X, axes: [trial, voxel], columns: {stimulus: shown}}}
stimuli: {path: pictures}
tasks:
  shown: {}
"""
N_PICTURES = 12
DECODE = {
    "features": {"small": {"pixels": {"size": 2, "grey": True}}},
    "target": {"vector": "small"},
}
ENCODE = {
    "direction": "encode",
    "features": {"small": {"pixels": {"size": 2}}, "noise": "random_conv"},
    "protocol": {"shared_stimuli": {"n_splits": 3}},  # an encoder may know no tested stimulus
}
JOINED = [{"join_signals": {"names": ["noise", "small"]}}, "linear.ridge"]

pytestmark = pytest.mark.usefixtures("warm")  # files are opened in a process that is there


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (N_PICTURES, 4, 4), dtype=np.uint8)


@pytest.fixture
def shown():
    """Two showings of each picture, in an order that is not that of the files."""
    return np.random.default_rng(1).permutation(np.repeat(np.arange(N_PICTURES), 2))


@pytest.fixture
def root(tmp_path, pictures, shown):
    """A data root with one card: pictures in files, and betas that are their quarters."""
    folder = tmp_path / "root" / "own"
    (folder / "pictures").mkdir(parents=True)
    for i, one in enumerate(pictures):
        Image.fromarray(one).save(folder / "pictures" / f"p{i:02d}.png")
    write_betas(folder, pictures, [f"p{i:02d}" for i in shown])
    (tmp_path / "own.yaml").write_text(CARD)
    return folder.parent


def write_betas(folder, pictures, names):
    quarters = pictures.reshape(-1, 2, 2, 2, 2).mean(axis=(2, 4)).reshape(-1, 4)
    at = [int(one[1:3]) if one[0] == "p" else 0 for one in names]
    X = quarters[at] + np.random.default_rng(2).standard_normal((len(at), 4))
    np.savez(folder / "betas.npz", X=X, shown=np.array(names))


def read(root, *overrides, **keys):
    asked = {
        "data": {"card": str(root.parent / "own.yaml"), "task": "shown"},
        "protocol": {"within_session": {"n_splits": 3}},
        "models": ["linear.ridge"],
        "controls": ["baseline.mean_target"],
        "shuffled": {"n_draws": 1},
        "metrics": ["r2"],
        **keys,
    }
    path = root.parent / "asked.yaml"
    path.write_text(yaml.safe_dump(asked))
    return read_experiment(path, overrides)


def opened(root, *overrides, compute=True, **keys):
    return open_study(read(root, *overrides, **keys), root, compute=compute)


def test_the_target_of_a_row_is_what_its_stimulus_gives(root, pictures, shown):
    study = opened(root, **DECODE)
    expected = Pixels(size=2, grey=True).open()(list(pictures)).reshape(N_PICTURES, 4)
    names = [f"p{i:02d}" for i in shown]
    assert study.trials.rows["stimulus"].tolist() == names
    np.testing.assert_array_equal(study.y, expected.astype(np.float16)[shown])
    assert list(study.inputs.signals) == ["fmri"], "what is told is no input"
    table = study.features["small"]
    assert table.ids.tolist() == sorted(set(names)) and len(table.part.open()) == N_PICTURES


def test_a_decoder_of_features_finds_what_is_planted(root, tmp_path):
    _, finished, rows = run(opened(root, **DECODE), tmp_path / "out")
    assert not finished.errors
    scores = {row.model: row.mean for row in rows}
    assert scores["linear.ridge"] > 0.9, "betas are the mean of each quarter, with little noise"
    assert scores["baseline.mean_target"] < 0.1


def test_an_encoder_is_handed_each_feature_as_a_signal(root, tmp_path):
    # Eight pictures of values from 0 to 1: a penalty that is small beside their sums of squares.
    alone = [{"join_signals": {"names": ["small"]}}, {"linear.ridge": {"alphas": [1e-4, 1e-2]}}]
    study = opened(root, **ENCODE, models=[alone, JOINED])
    assert sorted(study.inputs.signals) == ["noise", "small"]
    _, finished, rows = run(study, tmp_path / "out")
    assert not finished.errors
    assert max(row.mean for row in rows) > 0.9


def test_declared_features_are_bands_by_their_names(root, tmp_path):
    asked = {"bands": ["grey", "small"], "delays": [], "cv": "gcv", "alphas": [1e-4, 1e-2, 1.0]}
    two = {"small": {"pixels": {"size": 2}}, "grey": {"pixels": {"size": 1, "grey": True}}}
    models = [{"encode.banded_ridge": asked}]
    study = opened(root, **{**ENCODE, "features": two}, models=models)
    _, finished, rows = run(study, tmp_path / "out")
    assert not finished.errors
    parts: Any = Results(tmp_path / "out").parts().set_index("part")["mean"]
    assert list(parts.index) == ["grey", "small", "offset", "r2"]
    assert parts["r2"] == pytest.approx(rows[0].mean, abs=1e-10)
    assert rows[0].mean > 0.7, "betas are the mean of each quarter, with little noise"
    assert parts["small"] > 0.7 * parts["r2"]


def test_planning_computes_nothing_and_counts_what_is_left(root):
    study = opened(root, compute=False, **ENCODE, models=[JOINED])
    assert {name: one.n_missing for name, one in study.features.items()} == {
        "small": N_PICTURES, "noise": N_PICTURES,
    }  # fmt: skip
    planned = make_plan(study).jobs
    assert not any(one.part.source.exists() for one in study.features.values())
    done = opened(root, **ENCODE, models=[JOINED])
    (job, *_) = make_plan(done).jobs
    keys = {name: part_keys for name, part_keys, *_ in job.parts["data"]}
    assert keys == {name: [one.part.key] for name, one in done.features.items()}
    assert len(planned) == len(make_plan(done).jobs)


def test_decoders_are_planned_before_their_target_is_there(root):
    study = opened(root, compute=False, **DECODE)
    plan = make_plan(study)
    assert study.lacks_truth and len(plan.jobs) == 9
    assert "small: Space(features, how many is not known yet)" in repr(study.trials)
    assert any("features computed" in note for note in plan.notes)
    store = Store(root / "none yet")
    assert guess(plan, job_states(plan, store), store).startswith("9 jobs to run; ")


@pytest.mark.parametrize("direction", [DECODE, ENCODE], ids=["decode", "encode"])
@pytest.mark.parametrize("change", ["argument", "picture"])
def test_every_job_follows_the_declaration_and_the_pictures(root, direction, change):
    models = [JOINED] if "direction" in direction else ["linear.ridge"]
    models = {"models": models, "controls": []}
    before = {job.key for job in make_plan(opened(root, **direction, **models)).jobs}
    same = {job.key for job in make_plan(opened(root, **direction, **models)).jobs}
    assert same == before
    if change == "argument":
        study = opened(root, "features.small.pixels.size=3", **direction, **models)
    else:
        for one in (root / "own/pictures").iterdir():  # of every fold's training pictures one
            Image.fromarray(255 - np.asarray(Image.open(one))).save(one)
        study = opened(root, **direction, **models)
    assert not before & {job.key for job in make_plan(study).jobs}


def test_rows_without_a_stimulus_are_left_out_and_counted(root, pictures, shown):
    names = [f"p{i:02d}" for i in shown]
    write_betas(root / "own", pictures, ["catch", *names[1:]])
    (root.parent / "own.yaml").write_text(
        CARD.replace("stimulus: shown", "stimulus: {key: shown, missing: catch}")
    )
    study = opened(root, **DECODE)
    assert len(study.trials) == len(study.previous) == 23
    assert study.ignored["no stimulus"] == 1


def test_a_stimulus_that_the_card_does_not_have_is_named(root, pictures, shown):
    write_betas(root / "own", pictures, [f"p{i:02d}" for i in shown[1:]] + ["p11x"])
    with pytest.raises(DataError, match=r"stimulus 'p11x' of the trials is not among the 12"):
        opened(root, **DECODE)


def test_a_damaged_picture_is_named_with_the_feature(root):
    path = root / "own/pictures/p05.png"
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(DataError, match=r"features\.small: .*p05\.png"):
        opened(root, **DECODE)


def test_simulated_recordings_bring_their_own_pictures(root):
    study = opened(
        root,
        data={"card": "v4_natural", "task": "responses", "simulate": "small"},
        features={"edges": {"gabor": {"size": 28, "wavelengths": [4.0], "grids": [4]}}},
        target={"vector": "edges"},
    )
    assert study.simulated and study.y.shape == (len(study.trials), 8 * 16 + 192)
    assert study.sources["features"]["edges"]["arguments"]["size"] == 28
    assert len(study.features["edges"].ids) == len(set(study.trials.rows["stimulus"])) == 80


def test_what_is_shown_reads_back_as_the_same(root):
    for asked in (DECODE, ENCODE):
        resolved = read(root, **asked)
        plain = resolved.plain()
        assert plain["features"]["small"]["pixels"]["size"] == 2
        again = root.parent / "again.yaml"
        again.write_text(yaml.safe_dump(plain))
        assert read_experiment(again).plain()["features"] == plain["features"]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"features": {"a": "pixel"}}, "features.a: no feature is called 'pixel'. Did you mean"),
        ({"features": {"a": {"pixels": {"sise": 2}}}}, "features.a.pixels.sise: unknown key"),
        ({"features": {"a": {"gabor": {"grids": 3}}}}, "grids: expected a list, got 3"),
        ({**DECODE, "features": {"a": "pixels"}}, "there is no 'small' among .* Known: a"),
        (
            {**DECODE, "target": {"vector": "smal"}},
            "target: vector: there is no 'smal' among .* declared. Did you mean 'small'",
        ),
        (
            {**DECODE, "features": {"small": "pixels", "big": "pixels"}},
            "features: 'big' is declared and not told. .* or remove it beside 'small'",
        ),
        (
            {
                **DECODE,
                "features": {"a": "pixels"},
                "target": {"label": "l", "classes": ["x", "y"]},
            },
            "features: 'a' is declared and not told",
        ),
        ({**DECODE, "features": "small"}, "small names a track, which is for direction: encode"),
        ({**ENCODE, "features": {}}, "direction: encode needs features"),
        ({**ENCODE, "target": {"vector": "small"}}, "of direction: encode it is the brain"),
        ({**ENCODE, "score": {"gallery": "all"}}, "gallery: all is of pictures"),
        (
            {**DECODE, "features": {"small": {"pixels": {"size": 0}}}},
            "features.small: pixels: size: 0 is below one",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(root, keys, said):
    with pytest.raises(ConfigError, match=said):
        read(root, **keys)


def test_every_problem_is_said_at_once(root):
    with pytest.raises(ConfigError) as caught:
        read(root, features={"a": "pixel", "b": {"pixels": {"sise": 2}}}, target={"vector": "a"})
    assert len(caught.value.problems) == 2


def test_a_card_without_stimuli_cannot_be_asked(root):
    (root.parent / "own.yaml").write_text(CARD.replace("stimuli: {path: pictures}", ""))
    with pytest.raises(ConfigError, match="features: own: its card names no stimuli"):
        opened(root, **DECODE)


def test_a_name_that_the_recordings_have_is_refused(root):
    with pytest.raises(ConfigError, match=r"features\.fmri: the recordings have a signal"):
        opened(root, **{**ENCODE, "features": {"fmri": "pixels"}})


def test_a_gallery_of_all_holds_what_was_not_shown_and_is_scored_without_data(
    root, pictures, tmp_path
):
    write_betas(root / "own", pictures, [f"p{i:02d}" for i in np.tile(np.arange(8), 3)])
    asked = {**DECODE, "metrics": ["top_1", "top_1_image_to_brain"], "score": {"gallery": "all"}}
    study = opened(root, **asked)
    assert study.question.likeness == "centered_cosine", "features of networks share a mean"
    _, _, rows = run(study, tmp_path / "out")
    shown_as = [one.shown_as for one in rows if one.model == "linear.ridge"]
    assert shown_as[0] == f"top_1@{N_PICTURES}/image"
    assert rows[0].chance == pytest.approx(1 / N_PICTURES)
    assert rows[0].mean > 0.5
    shutil.rmtree(root)
    study.features["small"].part.source.unlink()
    (tmp_path / "out" / "table.json").unlink()
    again = table_rows(Store(tmp_path / "out"))
    assert [repr(one) for one in again] == [repr(one) for one in rows]
    # What another question left is gone.
    store = Store(tmp_path / "out")
    assert len(store.gallery()[0]) == N_PICTURES
    store.remove_gallery()
    assert store.gallery() is None and not [*(store.folder / "truth").glob("gallery*")]
