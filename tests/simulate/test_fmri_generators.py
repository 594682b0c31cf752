"""What generators of fMRI promise: seeds, headers, nothing at effect 0, and an oracle of worth."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate import ORACLE
from neurodecode.simulate.fmri._people import Site
from neurodecode.simulate.fmri.categories import Categories
from neurodecode.simulate.fmri.connectivity import Connectivity
from neurodecode.simulate.fmri.features import Features
from neurodecode.simulate.fmri.film import Film
from neurodecode.simulate.fmri.receptive_fields import ReceptiveFields

SITES = {"A": Site(n_times=80), "B": Site(n_times=60, t_r=1.5, prevalence=0.8)}
SMALL = {
    "volumes": Categories(n_voxels=20, repeats=2, motion=True),
    "task": Categories(n_voxels=20, form="task"),
    "events": Categories(n_voxels=20, form="events"),
    "betas": Categories(n_voxels={"01": 20, "02": 25}, form="betas", subjects=("01", "02")),
    "region": Categories(
        form="events", regions=("bold",), repeats=5, duration=2, gap=4, jitter=6, t_r=2
    ),
    "film": Film(n_voxels=20, volumes={"": 80}),
    "film of regions": Film(regions=("a", "b"), volumes={"1": 80}),
    "connectivity": Connectivity(regions=8, n_edges=3, sites=SITES, age_effect=0.1),
    "features": Features(bands={"low": 3, "high": 4}, n_voxels=10, n_volumes=60),
    "receptive fields": ReceptiveFields(n_pictures=8, n_test=2, size=6, n_voxels=15),
}
WITHOUT = [name for name in SMALL if name not in ("features", "receptive fields")]


def made(generator, subject="01", run="1"):
    return generator.signal(subject, "1", run)


def columns(events: pd.DataFrame, column: str) -> pd.DataFrame:
    """The oracle's log-likelihoods of a column, named by label."""
    start = f"{ORACLE}{column}="
    there = [name for name in events if name.startswith(start)]
    return events[there].rename(columns=lambda name: name.removeprefix(start))


@pytest.mark.parametrize("name", SMALL)
def test_same_seed_same_bytes_and_another_seed_others(name):
    one, again, other = (made(replace(SMALL[name], seed=seed)) for seed in (0, 0, 1))
    assert one.data.tobytes() == again.data.tobytes()
    pd.testing.assert_frame_equal(one.events, again.events)
    assert one.data.tobytes() != other.data.tobytes()


@pytest.mark.parametrize("name", SMALL)
def test_another_subject_changes_nothing(name):
    generator = SMALL[name]
    others = {"subjects": ("07", *generator.subjects)}
    if name == "betas":
        others["n_voxels"] = {"07": 30, **generator.n_voxels}
    more = replace(generator, **others)
    one, other = made(generator), made(more)
    assert one.data.tobytes() == other.data.tobytes() and one.space == other.space
    pd.testing.assert_frame_equal(one.events, other.events)
    assert made(more, "07").data.tobytes() != one.data.tobytes()


@pytest.mark.parametrize("name", SMALL)
def test_header_is_the_signal_without_data_and_answers(name):
    header, signal = SMALL[name].header("01", "1", "1"), made(SMALL[name])
    assert header.data is None and np.isfinite(signal.data).all()
    for field in ("space", "axes", "sfreq", "tmin", "n_times", "entries", "rank"):
        assert getattr(header, field) == getattr(signal, field), field
    answers = [one for one in signal.events if one.startswith(ORACLE)]
    assert header.events[answers].isna().all().all()
    pd.testing.assert_frame_equal(
        header.events.drop(columns=answers), signal.events.drop(columns=answers)
    )
    assert list(header.events) == list(signal.events)
    assert list(header.tracks) == list(signal.tracks)
    for track, values in signal.tracks.items():
        assert header.tracks[track].shape == values.shape
        if not track.startswith(ORACLE):
            np.testing.assert_array_equal(header.tracks[track], values)


@pytest.mark.parametrize("name", WITHOUT)
def test_at_effect_zero_the_oracle_knows_nothing_and_labels_change_no_sample(name):
    generator = replace(SMALL[name], effect=0.0)
    answers = columns(made(generator).events, "label").dropna().to_numpy()
    np.testing.assert_allclose(answers - answers[:, :1], 0, atol=1e-8)


@pytest.mark.parametrize("name", ["volumes", "task", "events", "betas", "film"])
def test_at_effect_zero_the_data_do_not_depend_on_labels(name):
    """Independent draws give other labels, and the same bytes."""
    generator = replace(SMALL[name], effect=0.0)
    balanced, drawn = made(generator), made(replace(generator, order="independent"))
    if name != "film":
        assert balanced.data.tobytes() == drawn.data.tobytes()
    assert len(balanced.events) == len(drawn.events)


def right(generator, column="label") -> np.ndarray:
    """Whether the oracle tells each labelled event of all recordings."""
    told = []
    for recording in generator.recordings():
        events = generator.signal(*recording).events
        answers = columns(events, column).dropna()
        told.append(answers.idxmax(axis=1).to_numpy() == events.loc[answers.index, column])
    return np.concatenate(told)


RUNS = tuple(str(i) for i in range(20))


@pytest.mark.parametrize("form", ["events", "betas"])
def test_variability_alone_limits_the_oracle(form):
    """At a large effect two categories are apart by sqrt(2) and vary by `variability`."""
    from scipy.stats import norm

    generator = Categories(
        form=form,
        effect=20.0,
        variability=0.5,
        runs=RUNS,
        repeats=5,
        n_voxels=10,
        gap=30,
        order="independent",
    )
    told = right(generator)
    expected = norm.cdf(1 / (np.sqrt(2) * 0.5))
    # 200 events: the binomial standard error is .019.
    assert told.mean() == pytest.approx(
        expected, abs=3 * np.sqrt(expected * (1 - expected) / len(told))
    )


def test_betas_oracle_is_the_optimal_linear_rule():
    """Without variability: right with probability Phi(d / 2), d the Mahalanobis distance."""
    from scipy.stats import norm

    from neurodecode.simulate.fmri._tuning import draw_tuning

    generator = Categories(
        form="betas",
        effect=0.25,
        variability=0.0,
        runs=RUNS,
        repeats=10,
        n_voxels=30,
        order="independent",
    )
    space = made(generator).space
    tuning = draw_tuning(
        generator.rng("tuning", "01"), space, 2, effect=0.25, tuned=0.5, variability=0.0
    )
    apart = np.linalg.solve(tuning.factor, tuning.patterns[0] - tuning.patterns[1])
    expected = norm.cdf(np.linalg.norm(apart) / 2)
    told = right(generator)
    assert 0.7 < expected < 0.97
    # 400 events: three binomial standard errors.
    assert told.mean() == pytest.approx(expected, abs=3 * np.sqrt(expected * (1 - expected) / 400))


def test_overlapping_responses_are_told_apart():
    """Events every 6 s whose responses last 20: a look at each alone would miss."""
    generator = Categories(
        categories=("low", "high"), form="events", regions=("bold",), repeats=60, duration=2,
        gap=4, t_r=2, effect=6, variability=0.0, runs=("1", "2", "3"), phi=0.2,
    )  # fmt: skip
    assert right(generator).mean() > 0.97


def test_volumes_carry_their_blocks_answer():
    events = made(SMALL["volumes"]).events
    shown = events[events["label"] != "rest"]
    answers = columns(shown, "label")
    assert (answers.groupby(shown["block"]).nunique() == 1).all().all()
    assert columns(events[events["label"] == "rest"], "label").isna().all().all()
    assert shown.groupby("block")["label"].nunique().max() == 1


def test_answers_outlive_block_means_and_estimates():
    from neurodecode.signal.blocks import BlockMean
    from neurodecode.signal.glm import Glm

    volumes = made(SMALL["volumes"])
    blocks = BlockMean()(volumes)
    assert columns(blocks.events, "label").notna().sum().tolist() == [4, 4]
    events = made(SMALL["events"])
    betas = Glm(drift_model="polynomial", drift_order=2)(events)
    pd.testing.assert_frame_equal(
        columns(betas.events, "label"), columns(events.events, "label"), check_names=False
    )


def test_film_is_the_same_for_everybody_and_segments_follow_each_other():
    generator = SMALL["film"]
    one, other = made(generator), made(generator, "02")
    shown = ["onset", "duration", "label", "stimulus"]
    pd.testing.assert_frame_equal(one.events[shown], other.events[shown])
    ends = one.events["onset"] + one.events["duration"]
    np.testing.assert_allclose(one.events["onset"][1:], ends[:-1])
    assert ends.iloc[-1] <= 80 * 1.5 + 1e-9


def test_categories_refuses_what_it_cannot_make():
    with pytest.raises(ConfigError, match="none of them 'rest'"):
        Categories(categories=("face", "rest"))
    with pytest.raises(ConfigError, match=r"regions: .* form: volumes makes each volume an event"):
        Categories(regions=("a",))
    with pytest.raises(ConfigError, match="n_voxels: subject '02' has none"):
        Categories(subjects=("01", "02"), n_voxels={"01": 10})
    with pytest.raises(ConfigError, match=r"t_r: 0 must be above zero"):
        Categories(t_r=0)
    with pytest.raises(ConfigError, match="variability -1"):
        Categories(variability=-1.0)
    with pytest.raises(ConfigError, match="betas have no volumes"):
        Categories(form="betas", motion=True)
    with pytest.raises(ConfigError, match="too short for segments of 6 s"):
        Film(volumes={"1": 5})


def test_oracle_of_a_balanced_run_gives_each_label_its_share():
    from scipy.special import softmax

    from neurodecode.simulate.fmri._tuning import knowing_balance

    drawn = 3 * np.random.default_rng(0).standard_normal((8, 4))
    known = knowing_balance(drawn)
    np.testing.assert_allclose(softmax(known, axis=1).sum(axis=0), 2, atol=0.02)
    shift = known - drawn  # one shift an event and one a label, and nothing else
    np.testing.assert_allclose(shift - shift[:1] - shift[:, :1] + shift[0, 0], 0, atol=1e-9)


def test_knowing_the_balance_helps_where_a_run_is_short():
    told = []
    for order in ("balanced", "independent"):
        generator = Categories(
            categories=tuple("abcdefgh"), form="betas", effect=5.0, variability=0.45,
            runs=tuple(map(str, range(60))), n_voxels=40, order=order,
        )  # fmt: skip
        told.append(right(generator).mean())
    # .77 and .87 expected; 480 events each: the standard error of the difference is .025.
    assert told[0] > told[1] + 0.03
