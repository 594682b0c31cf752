"""Every simulated card with its effect switched off, and every shipped model that takes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from neurodecode.core.files import shipped_folder
from neurodecode.core.names import catalogue, find
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from neurodecode.harness.study import Study

MODELS = tuple(name for name in catalogue("models") if not name.startswith("baseline."))
FLAT = ("linear.lda", "linear.logistic", "linear.probe", "linear.svm")
WITHOUT = {"linear.cca_ssvep"}  # means nothing without arguments
_TINY = {"preset": "tiny", "positives": "trial", "training": {"max_epochs": 2}}
_SHORT = {"kernel_length": 5, "pool_length": 8, "pool_stride": 3}
NETWORKS = {
    "align.atm": _TINY | {"sizes": _SHORT},
    "align.benchetrit": _TINY,
    "align.mlp": _TINY,
    "align.nice": _TINY | {"sizes": _SHORT},
    "encode.braincorl": {"preset": "tiny", "training": {"max_epochs": 2}},
    "encode.factorized": {"training": {"max_epochs": 2}},
    "encode.gaussian": {"training": {"max_epochs": 2}},
    "encode.response_optimized": {"core": (4, 4), "training": {"max_epochs": 2}},
    "encode.semantic_transformer": {"training": {"max_epochs": 2}},
    "encode.transformer_encoder": {"preset": "tiny", "training": {"max_epochs": 2}},
    "generate.autoencoder": {"n_updates": 2},
    "generate.benchetrit_generator": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2,
        "network": {"training": {"max_epochs": 2}},
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.brain_diffuser": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2,
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.diffusion": {
        "low": {"pca": {"n_components": 3}},
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2, "steps": 2}},
    },
    "networks.eegnet": {"max_epochs": 2, "kernel_length": 8, "separable_length": 4},
    "networks.shallow_convnet": {
        "max_epochs": 2, "n_filters": 4, "kernel_length": 5, "pool_length": 8
    },
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class NullCard:
    """What is asked of a card whose recordings hold nothing.

    Parameters
    ----------
    card, task, variant : str
    metric : str
        One whose chance is known.
    asked : dict
        Keys of the experiment beside data, models and metrics.
    arguments : dict
        Of models that mean nothing without.
    generator : dict
        Arguments of the generator that differ from the small preset, such as a second effect.
    before : sequence of str
        Steps before each model.
    part : dict
        Subjects, sessions or runs; all without.
    models : sequence of str
        Those that the plan is asked for; it refuses what does not take these trials.
    """

    card: str
    task: str
    variant: str = ""
    metric: str = "balanced_accuracy"
    asked: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    generator: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[str] = ()
    part: Mapping[str, Sequence[str]] = field(default_factory=dict)
    models: Sequence[str] = MODELS

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.card, self.variant, self.task)))


def slow(sfreq: float, **others: Any) -> dict[str, Any]:
    """Few samples a trial: what models are fitted at each of them takes seconds, not minutes."""
    return {"prepare": [{"resample": {"sfreq": sfreq}}], **others}


# Stratified: chance is one in as many classes as a fold tests, and no model knows which it lacks.
# Scored over folds together, what answers by what training had most of would lie below it.
FOLDS = {"protocol": {"within_session": {"n_splits": 4}}}
THREE = {"protocol": {"within_session": {"n_splits": 3}}}
GEOMETRIC = ["square", "small_frame", "plus", "cross", "large_frame"]
FEW_SENSORS = {"n_chips": 8}
OF_VECTORS = {"controls": ["baseline.mean_target"]}
OF_WORDS = {"direction": "encode", "features": {"words": {"bag_of_words": {"n_features": 32}}}}
SCALED = ("scale",)  # volts are far below what linear models suppose
CARDS = (
    NullCard("eegbci", "left_right", before=SCALED, part={"subjects": ("001", "002")},
             asked=slow(32, windows={"tmin": 0.5, "tmax": 1.7}, **FOLDS)),
    NullCard("n400_words", "related", before=SCALED,
             asked=slow(50, windows={"tmin": 0.1, "tmax": 0.8}, **FOLDS)),
    NullCard("p300_muse", "oddball", asked=slow(64), before=SCALED),
    NullCard(
        "ssvep_exo", "three_way", asked=slow(100, windows={"tmin": 2.0, "tmax": 2.6}),
        before=SCALED, generator={"n_events": 36},
        arguments={"linear.cca_ssvep": {"freqs": [13.0, 17.0, 21.0], "sfreq": 100.0}},
    ),
    NullCard("mne_sample", "aud_vis", before=SCALED, generator=FEW_SENSORS,
             asked={"windows": {"tmin": -0.1, "tmax": 0.5}, **FOLDS}),
    NullCard("simulated_meg", "face_house", before=SCALED, generator=FEW_SENSORS),
    NullCard("simulated_ieeg", "face_house", before=SCALED,
             asked=slow(100, windows={"tmin": 0.1, "tmax": 0.6})),
    NullCard("simulated_images", "latent", metric="two_way", asked=slow(25, **OF_VECTORS),
             before=SCALED),
    NullCard("simulated_eeg_pictures", "latent", metric="two_way", asked=slow(25, **OF_VECTORS),
             before=SCALED),
    NullCard("simulated_meg_pictures", "latent", metric="two_way", asked=slow(25, **OF_VECTORS),
             before=SCALED, part={"subjects": ("01",)}),
    NullCard("simulated_fmri_tokens", "tokens", metric="two_way", asked=OF_VECTORS),
    NullCard("simulated_envelope", "envelope", metric="r_over_time", asked={"controls": []},
             arguments={"linear.lagged_ridge": {"tmax": 0.3, "sfreq": 64.0}}),
    NullCard("simulated_fmri", "category"),
    NullCard("simulated_encoding_fmri", "film", metric="r",
             asked={"direction": "encode", "features": "features", "controls": []},
             arguments={f"encode.{name}": {"cv": "runs", "null": False}
                        for name in ("ridge", "fir_ridge", "layers")}
             | {"encode.banded_ridge": {"cv": "runs", "n_draws": 4}}),
    NullCard("simulated_retinotopic", "pictures", metric="r",
             asked={"direction": "encode", "features": "tokens", "controls": []}),
    NullCard("simulated_in_context", "pictures", metric="r",
             asked={"direction": "encode", "features": "embedding", "controls": [],
                    "target_access": {"calibration": 16}}),
    NullCard("simulated_pictures_fmri", "picture", metric="two_way", asked=OF_VECTORS),
    NullCard("simulated_scenes", "picture", metric="two_way", asked=OF_VECTORS),
    NullCard("simulated_meg_scenes", "picture", metric="two_way", asked=slow(25, **OF_VECTORS)),
    NullCard("haxby2001", "eight_way", "slice",
             asked=THREE, generator={"runs": [f"{run}" for run in range(12)]}),
    NullCard("haxby2001", "eight_way_betas", "mm25_events",
             asked=THREE, generator={"runs": [f"{run:02d}" for run in range(1, 13)]}),
    NullCard("event_related_mt", "trial_type", "events", generator={"repeats": 24},
             asked={"windows": {"tmin": 2, "tmax": 8}, **FOLDS}),
    NullCard("sherlock_pmc", "place", "pmc"),
    NullCard("sherlock_pmc", "place", "rois", asked={"windows": {"tmin": 3, "tmax": 9}}),
    NullCard("abide_aal116", "diagnosis", generator={"site_effect": 0.0}, before=("connectivity",),
             asked={"score": {"within": ["fold"]}}, models=FLAT),
    # A session shows figures of one kind: of all, the session alone would tell a third of them.
    NullCard("miyawaki2008", "figure", generator={"repeats": 12},
             asked={"target": {"label": "figure", "classes": GEOMETRIC}, **THREE},
             part={"sessions": ("21", "22", "23", "24")}),
    NullCard("digits69", "digit"),
    # Pictures of one kind come one after the other: what tells the order tells the kind.
    NullCard("images92", "natural", "human", asked={"controls": ["baseline.prior"]}),
    NullCard("mouse_v1", "texture_family", "texture", asked=FOLDS),
    NullCard("mouse_v1", "rdk_motion", "rdk_bins", asked=FOLDS),
    NullCard("pereira2018", "passages", metric="r", generator={"n_passages": 10},
             asked={**OF_WORDS, "controls": []}),
    NullCard("cneuromod", "movies", metric="r", asked={**OF_WORDS, "controls": []}),
    NullCard("brain_treebank", "words", metric="r",
             asked={"direction": "encode", "features": "word_features", "controls": []}),
    NullCard("objects81", "alexnet", metric="two_way", asked=OF_VECTORS),
)  # fmt: skip


def study_of(null: NullCard, seed: int, folder: Path) -> Study:
    """Open an experiment on the card's recordings without their effect."""
    return open_study(read_experiment(experiment(null, seed, folder)), None, compute=True)


def experiment(null: NullCard, seed: int, folder: Path) -> Path:
    """Write the card without its effect, and an experiment on it; give the latter's path."""
    folder.mkdir(parents=True, exist_ok=True)
    card = yaml.safe_load((shipped_folder("datasets") / f"{null.card}.yaml").read_text())
    spec = card["variants"][null.variant]["simulate"] if null.variant else card["simulate"]
    ((name, arguments),) = spec["generator"].items()
    drawn = {"order": "independent"} if "order" in find(name, "simulate").__annotations__ else {}
    off = {"effect": 0.0, "seed": seed, **drawn, **null.generator}
    spec["generator"] = {name: {**arguments, **spec.get("small", {}), **off}}
    spec["small"] = {}
    for key in ("files", "stimuli"):  # nothing is read
        card.pop(key, None)
    (folder / f"{null.card}.yaml").write_text(json.dumps(card))
    data = {
        "card": str(folder / f"{null.card}.yaml"), "task": null.task, "simulate": "full",
        **{key: list(values) for key, values in null.part.items()},
        **({"variant": null.variant} if null.variant else {}),
    }  # fmt: skip
    asked = {
        "data": data,
        "models": [_model(m, null) for m in null.models if m in null.arguments or m not in WITHOUT],
        "metrics": [null.metric],
        "shuffled": {"n_draws": 1},
        **null.asked,
    }
    path = folder / "null.yaml"
    path.write_text(json.dumps(asked))
    return path


def _model(name: str, null: NullCard) -> Any:
    arguments = dict(null.arguments.get(name, {}))
    arguments |= NETWORKS.get(name, {})
    model = {name: arguments} if arguments else name
    return [*null.before, model] if null.before else model
