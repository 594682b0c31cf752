"""Delays and responses of blood flow: within a run, whatever rows a fold holds."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.linalg.delays import delayed
from neurodecode.signal.hemodynamics import held_response
from neurodecode.steps.delays import Delays, default_delays
from neurodecode.steps.hrf import Hrf

T_R = 1.5
LENGTHS = {"sub-1_run-1": 20, "sub-1_run-2": 14}
RNG = np.random.default_rng(0)
SHOWN = {name: RNG.normal(size=(n, 3)) + 5 for name, n in LENGTHS.items()}


def film(rate=1 / T_R):
    """Volumes of two runs, which point into the features of their run."""
    parts, tables, at = [], [], []
    space = Space("features", ("a", "b", "c"))
    for name, X in SHOWN.items():
        parts.append(Part(X, space, ("feature",), rate, 0.0, name))
        at.append(np.arange(len(X)))
        start = T_R * at[-1]
        tables.append(pd.DataFrame({"recording": name, "start": start, "stop": start + T_R}))
    n = [len(one) for one in at]
    part = np.repeat(np.arange(2, dtype=np.int32), n)
    signal = TrialSignal(
        tuple(parts), part, np.concatenate(at), np.full(sum(n), -1, dtype=np.int32)
    )
    return Trials(Rows(pd.concat(tables, ignore_index=True)), {"features": signal})


def by_hand(delays, mean):
    return np.concatenate([delayed(X, delays, before=mean) for X in SHOWN.values()])


@pytest.mark.parametrize("rate", [1 / T_R, None], ids=["into the track", "rows alone"])
def test_features_are_delayed_within_each_run(rate):
    trials = film(rate)
    step = Delays((1, 2, -1)).fit(trials)
    mean = np.concatenate([*SHOWN.values()]).mean(axis=0)
    np.testing.assert_allclose(step.transform(trials), by_hand((1, 2, -1), mean))


def test_what_stands_before_a_run_is_the_mean_of_training():
    trials = film()
    step = Delays((2,)).fit(trials.take(np.arange(20)))
    first = step.transform(trials.take(np.arange(20, 34)))[:2]
    np.testing.assert_allclose(first, np.tile(SHOWN["sub-1_run-1"].mean(axis=0), (2, 1)))


def test_rows_that_point_into_a_track_are_what_they_are_in_any_order_and_company():
    trials = film()
    for step in (Delays((1, 2)).fit(trials), Hrf().fit(trials)):
        whole = step.transform(trials)
        some = RNG.permutation(34)[:9]
        np.testing.assert_array_equal(step.transform(trials.take(some)), whole[some])


def test_of_rows_alone_a_break_in_time_is_a_border():
    trials = film(None).take(np.array([0, 1, 2, 6, 7]))
    step = Delays((1,)).fit(trials)
    made = step.transform(trials)
    np.testing.assert_allclose(made[3], step.mean_)
    np.testing.assert_allclose(made[4], SHOWN["sub-1_run-1"][6])


def test_features_are_followed_within_each_run():
    trials = film()
    step = Hrf("glover").fit(trials)
    kernel, made = held_response("glover", T_R), step.transform(trials)
    second = SHOWN["sub-1_run-2"] - step.mean_
    expected = np.stack([np.convolve(one, kernel)[:14] for one in second.T], axis=1) + step.mean_
    np.testing.assert_allclose(made[20:], expected)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(2.0, (1, 2, 3, 4)), (1.5, (1, 2, 3, 4, 5, 6)), (0.75, tuple(range(2, 13)))],
)
def test_delays_cover_1_5_to_9_seconds(seconds, expected):
    assert default_delays(seconds) == expected


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Delays(()), "Give whole numbers of volumes"),
        (Delays((1, 1)), "each once"),
        (Delays((1.5,)), "Give whole numbers"),
        (Hrf("afni"), "hrf: model is 'afni'. Give spm or glover"),
        (Hrf(oversampling=0), "oversampling is 0"),
    ],
)
def test_arguments_that_cannot_be_meant(step, message):
    with pytest.raises(ConfigError, match=message):
        step.fit(film())


def test_an_array_does_not_say_where_runs_begin():
    with pytest.raises(DataError, match="an array, which does not say where runs begin"):
        Delays((1,)).fit(np.zeros((4, 2)))


def test_rows_of_unknown_onset_are_refused():
    trials = film(None)
    table = trials.rows.table
    table.loc[3, "start"] = np.nan
    with pytest.raises(DataError, match="1 of 34 rows are of unknown onset"):
        Delays((1,)).fit(Trials(Rows(table), dict(trials.signals)))


def test_no_volume_lies_in_the_response():
    with pytest.raises(ConfigError, match="of volumes 10 s apart none lies"):
        default_delays(10.0)
