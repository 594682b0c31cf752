"""Cards of pictures, vectors, distances and counts, simulated and taken through the harness."""

from pathlib import Path

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.cli import main as neurodecode
from neurodecode.core.errors import ConfigError
from neurodecode.data.cards import load_card
from neurodecode.data.readers import find_recordings
from neurodecode.data.simulated import simulated_card
from neurodecode.report.results import Results

CARDS = (
    "digits69", "miyawaki2008", "objects81", "images92", "mouse_v1", "simulated_scenes",
    "simulated_meg_scenes",
)  # fmt: skip


@pytest.fixture(autouse=True)
def no_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEURODECODE_DATA", "")


def scores(name, out):
    """Score of each model and metric, of results that are there."""
    rows = Results(out / name).rows()
    assert all("simulated" in row.flags for row in rows)
    return {(row.model, row.metric): row.mean for row in rows}


def planted():
    """Card, variant and task of every ceiling that a card names."""
    for name in CARDS:
        card = load_card(name)
        if card.wholly_simulated:
            specs = {"": card.simulate}
        else:
            layouts = card.variants or {"": card.variant()}
            specs = {variant: layout.simulate for variant, layout in layouts.items()}
        for variant, spec in specs.items():
            for task, ceiling in (spec.ceiling if spec else {}).items():
                yield name, variant, task, ceiling


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "variant", "task", "ceiling"),
    [pytest.param(*one, id=" ".join(filter(None, one[:3]))) for one in planted()],
)
def test_the_oracle_reaches_the_ceiling_of_the_card(card, variant, task, ceiling, tmp_path):
    data = f"card: {card}, task: {task}" + (f", variant: {variant}" if variant else "")
    asked = load_card(card).tasks[task].target
    control = "mean_target" if asked.vector or asked.picture else "prior"
    file = tmp_path / "asked.yaml"
    file.write_text(
        f"data: {{{data}}}\nmodels: [baseline.{control}]\ncontrols: []\n"
        f"metrics: [{', '.join(ceiling)}]\nshuffled: {{n_draws: 0}}\n"
        + ("score: {gallery: all}\n" if "top_1" in ceiling else "")
    )
    out = ["--out", str(tmp_path), "--engine", "inline"]
    assert neurodecode(["run", str(file), "--simulate", *out]) == 0
    found = scores("asked_simulated", tmp_path)
    for metric, level in ceiling.items():
        # The card has three digits, and recordings of one seed are equal to the bit.
        assert found["baseline.oracle", metric] == pytest.approx(level, abs=0.0006), metric
        assert found["baseline.oracle", metric] > found[f"baseline.{control}", metric] + 0.1


def test_every_ceiling_is_named_and_leaves_room():
    named = {(card, variant, task): ceiling for card, variant, task, ceiling in planted()}
    for card in CARDS:
        made = load_card(card)
        assert {task for one, _, task in named if one == card} >= _asked(made), card
    for ceiling in named.values():
        assert 0.75 <= next(iter(ceiling.values())) <= 0.98


def _asked(card):
    """Tasks that have a ceiling of their own.

    Of miyawaki2008 a session shows one kind, so `kind` has no score; of digits69 `picture_folds`
    asks what `picture` does, of other trials. Of scenes the oracle tells nearly all of `semantic`.
    """
    return set(card.tasks) - {"kind", "picture_folds", "semantic"}


@pytest.mark.parametrize(
    ("card", "variant"),
    [
        ("digits69", ""),
        ("miyawaki2008", ""),
        ("images92", "mean"),
        ("v4_natural", "repeats"),
        ("simulated_scenes", ""),
        ("simulated_meg_scenes", ""),
    ],
)
def test_stimuli_of_a_simulated_card_are_those_of_its_trials(card, variant):
    shown = nd.stimuli(card, variant=variant, simulate="small")
    assert shown.show  # though those of the real set may never be
    made = simulated_card(load_card(card), "small", variant)
    for recording in find_recordings(made, variant, Path()):
        assert set(recording.header().events["stimulus"]) <= set(shown.table.index)
    assert np.asarray(shown[shown.table.index[0]]).dtype == np.uint8


def test_stimuli_of_a_card_without_files_need_no_word_that_they_are_made():
    full = nd.stimuli("simulated_images", simulate="full")
    assert nd.stimuli("simulated_images").table.equals(full.table)


def test_recordings_that_show_nothing_have_no_stimuli():
    with pytest.raises(ConfigError, match=r"fmri\.vectors: these recordings show nothing"):
        nd.stimuli("objects81", simulate="full")
