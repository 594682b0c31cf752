"""Every simulated card with its effect switched off, and every shipped model that takes it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from neurodecode.core.files import shipped_folder
from neurodecode.core.names import catalogue, find

WITHOUT = {"linear.cca_ssvep"}  # means nothing without arguments
TRAINED = {"max_epochs": 2}


@dataclass(frozen=True)
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
        Effects that are switched off beside the one that is planted.
    before : list
        Steps before each model.
    """

    card: str
    task: str
    variant: str = ""
    metric: str = "balanced_accuracy"
    asked: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    generator: Mapping[str, Any] = field(default_factory=dict)
    before: Sequence[str] = ()

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.card, self.variant, self.task)))


def slow(sfreq: float, **others: Any) -> dict[str, Any]:
    """Few samples a trial: what models are fitted at each of them takes seconds, not minutes."""
    return {"prepare": [{"resample": {"sfreq": sfreq}}], **others}


FOLDS = {"protocol": {"within_session": {"n_splits": 4}}}
CARDS = (
    NullCard("eegbci", "left_right", asked=slow(32, **FOLDS)),
    NullCard("n400_words", "related", asked=slow(20, **FOLDS)),
    NullCard("p300_muse", "oddball", asked=slow(32)),
    NullCard(
        "ssvep_exo", "three_way", asked=slow(64, windows={"tmin": 2.0, "tmax": 3.0}),
        arguments={"linear.cca_ssvep": {"freqs": [13.0, 17.0, 21.0], "sfreq": 64.0}},
    ),
    NullCard("mne_sample", "aud_vis", asked=FOLDS),
    NullCard("simulated_meg", "face_house"),
    NullCard("simulated_ieeg", "face_house"),
    NullCard("simulated_images", "latent", metric="two_way", asked=slow(25)),
    NullCard("simulated_envelope", "envelope", metric="r_over_time",
             arguments={"linear.lagged_ridge": {"tmax": 0.3, "sfreq": 64.0}}),
    NullCard("simulated_fmri", "category"),
    NullCard("simulated_encoding_fmri", "film", metric="r",
             asked={"direction": "encode", "features": "features"}),
    NullCard("simulated_pictures_fmri", "picture", metric="two_way"),
    NullCard("haxby2001", "eight_way", "slice"),
    NullCard("haxby2001", "eight_way_betas", "mm25_events"),
    NullCard("event_related_mt", "trial_type", "events"),
    NullCard("sherlock_pmc", "place", "pmc"),
    NullCard("sherlock_pmc", "place", "rois"),
    NullCard("abide_aal116", "diagnosis", generator={"site_effect": 0.0}, before=["connectivity"]),
    NullCard("miyawaki2008", "figure"),
    NullCard("digits69", "digit"),
    NullCard("images92", "natural", "human"),
    NullCard("mouse_v1", "texture_16", "texture"),
    NullCard("mouse_v1", "rdk_motion", "rdk_bins"),
    NullCard("objects81", "alexnet", metric="two_way"),
)  # fmt: skip


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
    data = {"card": str(folder / f"{null.card}.yaml"), "task": null.task, "simulate": "full"}
    if null.variant:
        data["variant"] = null.variant
    asked = {
        "data": data,
        "models": [_model(m, null) for m in MODELS if m in null.arguments or m not in WITHOUT],
        "metrics": [null.metric],
        "shuffled": {"n_draws": 1},
        **null.asked,
    }
    path = folder / "null.yaml"
    path.write_text(json.dumps(asked))
    return path


MODELS = tuple(name for name in catalogue("models") if not name.startswith("baseline."))


def _model(name: str, null: NullCard) -> Any:
    arguments = dict(null.arguments.get(name, {}))
    if name.startswith("networks."):
        arguments |= TRAINED
    model = {name: arguments} if arguments else name
    return [*null.before, model] if null.before else model
