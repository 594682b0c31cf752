"""Encoders of series: what plan refuses, and what the table says of what it does not."""

import pytest
import yaml
from tests_harness import run

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.models.encode._banded import Banded
from neurodecode.report.results import Results

pytestmark = pytest.mark.usefixtures("warm")  # recordings are prepared in a process that is there
FIR = {"encode.fir_ridge": {"cv": "runs"}}


@pytest.fixture
def film(tmp_path):
    """Plan an experiment on a simulated film of three runs."""

    def opened(*models, **keys):
        asked = {
            "data": {
                "card": "simulated_encoding_fmri", "task": "film", "simulate": "small",
                "subjects": ["01"], "runs": ["1", "2", "5"],
            },
            "direction": "encode",
            "features": "features",
            "protocol": {"cross_run": {}},
            "models": list(models) or [FIR],
            "controls": ["baseline.mean_target"],
            "metrics": ["r"],
            "shuffled": {"n_draws": 1},
            **keys,
        }  # fmt: skip
        path = tmp_path / "asked.yaml"
        path.write_text(yaml.safe_dump(asked, sort_keys=False))
        return open_study(read_experiment(path), None, compute=True)

    return opened


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"encode.fir_ridge": {"cv": "gcv"}}, r"find r \.47 where the truth is 0"),
        ("encode.fir_ridge", "cv is not said. Say cv: runs"),
        ({"encode.fir_ridge": {"cv": "runs", "n_splits": 3}}, "there are 2 runs. 3 folds need"),
        (
            {"encode.banded_ridge": {"cv": "runs", "bands": {"low": 4, "high": 7}}},
            r"10 features, and bands of 11 \(low 4, high 7\)",
        ),
        (
            {"encode.banded_ridge": {"cv": "runs", "delays": {"low": [1], "hihg": [2]}}},
            "delays are named for low, hihg, and the bands are low, high",
        ),
        (["scale", {"encode.layers": {"cv": "runs", "n_layers": 3}}], "are no 3 layers"),
        (["delays", {"encode.layers": {"cv": "runs", "n_layers": 3}}], "are no 3 layers"),
        ({"encode.ridge": {"cv": "gcv"}}, "fold 01/1/run-1: encode.ridge: cv: gcv of rows that"),
    ],
)
def test_how_a_penalty_is_chosen_is_looked_at_before_anything_is_fitted(film, model, message):
    with pytest.raises(ConfigError, match=message):
        make_plan(film(model))


def test_volumes_are_not_shuffled_into_folds(film):
    shuffled = {"within_session": {"n_splits": 3}}
    with pytest.raises(LeakError, match="neighbours of what they test"):
        make_plan(film(protocol=shuffled))
    shuffled["within_session"]["shuffle_series"] = True
    plan = make_plan(film({"encode.fir_ridge": {"cv": "blocked"}}, protocol=shuffled))
    assert all("optimistic" in one.flags for one in plan.folds)


def test_a_gap_around_blocks_is_trained_on_by_nobody(film):
    blocked = {"within_session": {"n_splits": 4, "blocked": True, "gap": 9.0}}
    study = film({"encode.fir_ridge": {"cv": "blocked"}}, protocol=blocked)
    rows = study.trials.rows
    for one in make_plan(study).folds:
        train, test = one.fold.index("train"), one.fold.index("test")
        for i in test:
            mine = train[rows["recording"][train] == rows["recording"][i]]
            assert (abs(rows["start"][mine] - rows["start"][i]) >= 10.5 - 1e-9).all()
        assert "optimistic" not in one.flags


def test_a_null_is_not_fitted_without_each_band(film, tmp_path, monkeypatch):
    n_draws = []
    dropping = Banded._drop_each
    monkeypatch.setattr(Banded, "_drop_each", lambda *said: n_draws.append(dropping(*said)))
    asked = {"encode.banded_ridge": {"cv": "runs", "delays": [3], "n_draws": 2, "drop_one": True}}
    plan, finished, _ = run(film(asked, controls=[]), tmp_path / "out")
    assert not finished.errors
    mine = [job for job in plan.jobs if job.model.name == "encode.banded_ridge"]
    assert len(mine) == 6, "three runs, each tested once, and a null"
    assert len(n_draws) == 3


@pytest.mark.parametrize(
    ("asked", "reach"),
    [
        ({"encode.fir_ridge": {"cv": "blocked"}}, "9 s"),  # the delays to 9 s, of 1.5 s a volume
        ({"encode.banded_ridge": {"cv": "blocked", "delays": {"low": [1], "high": [4]}}}, "6 s"),
    ],
)
def test_a_gap_that_is_shorter_than_delays_is_refused(film, asked, reach):
    blocked = {"n_splits": 4, "blocked": True, "gap": 4.5}
    with pytest.raises(ConfigError, match=f"they reach {reach} .* 4.5 s from tested ones"):
        make_plan(film(asked, protocol={"within_session": blocked}))
    make_plan(film(asked, protocol={"within_session": {**blocked, "gap": float(reach[0])}}))
    later = {"chronological": {"test_size": 0.25}}
    with pytest.raises(ConfigError, match=f"they reach {reach} .* 0 s from tested ones"):
        make_plan(film(asked, protocol=later))


def test_a_stimulus_is_not_trained_on_and_tested(film, monkeypatch):
    study = film()
    table = study.trials.rows.base
    twice = table["stimulus"].astype(object)
    twice[table["run"] == "5"] = twice[table["run"] == "1"].to_numpy()
    table["stimulus"] = twice.astype("category")
    with pytest.raises(LeakError, match="80 stimuli are trained on and tested, the first is '1-1-"):
        make_plan(study)


def test_an_encoder_of_delays_finds_what_one_of_the_moment_does_not(film, tmp_path):
    moment = ["scale", {"encode.ridge": {"cv": "runs"}}]
    study = film(FIR, ["hrf", "scale", {"encode.ridge": {"cv": "runs"}}], moment)
    _, finished, rows = run(study, tmp_path / "out")
    assert not finished.errors
    fir, hrf, now = (row.mean for row in rows[:3])
    assert min(fir, hrf) > 0.2, "the response has its peak 4.5 to 7.5 s after what was shown"
    assert abs(now) < 0.1
    assert abs(rows[0].shuffled_mean) < 0.1
    # p of blocks of time in another order, of three runs of 80 volumes.
    assert rows[0].p_of == rows[1].p_of == rows[2].p_of == "blocks"
    assert max(rows[0].p, rows[1].p) < 0.001
    assert rows[2].p > 0.01
    targets = Results(tmp_path / "out").targets("r", rows[0].model)
    assert (targets["p_max"] >= targets["p"]).all() and (targets["q"] >= targets["p"]).all()
    best = targets["score"].idxmax()
    assert targets["p_max"][best] < 0.01
    assert targets["score"][targets["p_max"] < 0.05].min() > targets["score"].median() / 2


def test_the_order_of_bands_is_in_the_key(film):
    bands = {"low": 4, "high": 6}
    turned = dict(reversed(bands.items()))
    asked = [{"encode.banded_ridge": {"bands": one, "cv": "runs"}} for one in (bands, turned)]
    one, other = ({job.key for job in make_plan(film(model)).jobs} for model in asked)
    controls = {job.key for job in make_plan(film(FIR)).jobs}
    assert not (one & other) - controls
