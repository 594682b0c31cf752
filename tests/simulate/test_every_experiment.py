"""Every experiment, and every card that has none, runs on simulated recordings."""

import math

import pytest
import yaml

from neurodecode.cli import main
from neurodecode.core.files import shipped_folder
from neurodecode.data.cards import load_card
from neurodecode.harness.experiment import find_experiment
from neurodecode.report.results import Results

FILES = sorted(shipped_folder("configs/experiments").glob("*.yaml"))
CARD_OF = {file.stem: yaml.safe_load(file.read_text())["data"]["card"] for file in FILES}
# Of each card one experiment is run by default: of other models and tasks the slow tests tell.
# Pipelines of others, which search grids, and networks that draw pictures come last.
HEAVY = ("moabb_", "quickstart_reconstruction", "digits69_diffusion")
ORDER = sorted(CARD_OF, key=lambda name: name.startswith(HEAVY))
FIRST = {CARD_OF[name]: name for name in reversed(ORDER)}
BLIND = ("baseline.prior", "baseline.mean_target")
LOGISTIC = "sklearn.linear_model.LogisticRegression: {C: 0.01}"
WITHOUT = {  # card and variant: task, model, and what else is asked
    ("event_related_mt", "events"): ("trial_type", LOGISTIC, ""),
    ("images92", "mean"): ("natural", LOGISTIC, ""),
    ("mouse_v1", "rdk_bins"): ("rdk_motion", LOGISTIC, ""),
    ("sherlock_pmc", "pmc"): ("place", LOGISTIC, ""),
    ("sherlock_pmc", "rois"): ("place_spans", LOGISTIC, "windows: {tmin: 0, tmax: 3}\n"),
}
NOTHING_ASKED = set[str]()
# Made as simulated_*_pictures and simulated_fmri_tokens are, which run by default.
MADE_ALIKE = {
    "algonauts2023", "allen_observatory", "bold5000", "god", "nsd", "things_eeg2", "things_fmri",
    "things_meg",
}  # fmt: skip
DEAR = {  # by their models, 4 s to 12 s each
    "brain_treebank", "cneuromod", "digits69", "images92", "miyawaki2008", "p300_muse",
    "simulated_in_context", "simulated_meg_scenes", "simulated_retinotopic", "simulated_scenes",
    "ssvep_exo",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_cache(tmp_path_factory):
    """Experiments of one card share what was made; there are no recordings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("NEURODECODE_DATA", "")
        yield


def holds(experiment, folder):
    """Run an experiment on the small preset: each row says so, and the oracle beats the blind."""
    asked = yaml.safe_load(find_experiment(str(experiment)).read_text())
    fewer = ["--set", "shuffled.n_draws=1", "--set", "seeds=[0]"]
    if "rsa" in asked:
        fewer = ["--set", "rsa.n_permutations=20", "--set", "rsa.n_bootstraps=20"]
    how = ["--simulate", "small", "--engine", "inline", *fewer, "--out", str(folder)]
    assert main(["run", str(experiment), *how]) == 0
    (results,) = folder.iterdir()
    rows = Results(results).rows()
    assert rows and all("simulated" in row.flags for row in rows)
    first = [row for row in rows if row.metric == rows[0].metric]
    models = [row.mean for row in first if row.role == "model"]
    assert models and not any(math.isnan(one) for one in models)
    ceilings = [row.mean for row in first if row.model == "baseline.oracle"]
    if (asked.get("features") or "rsa" in asked) and not ceilings:
        return  # an oracle knows what was planted, not what a feature makes of a picture
    (oracle,) = ceilings
    # A mean target, which is constant, has no correlation.
    assert oracle > max([r.mean for r in first if r.model in BLIND and not r.note], default=0.0)


@pytest.mark.parametrize(
    "name", sorted(name for card, name in FIRST.items() if card not in MADE_ALIKE | DEAR)
)
def test_an_experiment_of_each_card_runs_simulated(name, tmp_path):
    holds(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in CARD_OF
        if name != FIRST[CARD_OF[name]] or CARD_OF[name] in MADE_ALIKE | DEAR
    ),
)
def test_so_do_the_other_experiments(name, tmp_path):
    holds(name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("card", "variant"), WITHOUT)
def test_so_do_cards_without_an_experiment(card, variant, tmp_path):
    task, model, asked = WITHOUT[card, variant]
    data = f"card: {card}, task: {task}" + (f", variant: {variant}" if variant else "")
    file = tmp_path / "asked.yaml"
    file.write_text(f"data: {{{data}}}\nmodels: [{model}]\n{asked}")
    holds(file, tmp_path / "results")


def test_every_card_is_simulated_by_some_test():
    cards = {file.stem for file in shipped_folder("datasets").glob("*.yaml")}
    assert set(FIRST) | {card for card, _ in WITHOUT} == cards - NOTHING_ASKED
    for name in cards:
        card = load_card(name)
        specs = [one.simulate for one in card.variants.values()] or [card.simulate]
        for spec in specs:
            assert spec is not None and {"effect", "seed"} <= set(spec.generator.arguments), name
