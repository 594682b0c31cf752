"""HF audio: layers of an audio model of transformers, such as wav2vec 2.0, HuBERT and Whisper."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.sound import Sound
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.training import Device
from neurodecode.data.pretrained import load_model, load_processor
from neurodecode.features._contract import Extract
from neurodecode.features._hearing import check_look_back, contents, heard
from neurodecode.features._transformers import (
    FromWeights,
    check_layers,
    hidden_state,
    normalized,
    stacked_layers,
)

_INPUTS = ("input_values", "input_features")


@dataclass(frozen=True)
class HfAudio(FromWeights):
    """Give a layer of an audio model of transformers, one vector a sound.

    Parameters
    ----------
    weights : str
        As of `hf_vision`.
    layer : int
        Number of ``hidden_states``, 0 being what the first layer is handed.
    pooling : {"mean", "last"}
        Over the time of the sound, or its end. A model that hears a sound as a whole looks ahead
        within it: hand it what was heard until a moment, and no more.
    normalize : {"none", "l2"}
    look_back : float or None
        Of stimuli that are volumes of films: seconds of the film before each volume begins, of
        which nothing later is heard. None: stimuli are sounds.
    layers : tuple of int
        Several layers instead of one: shape (n_layers, d), for `encode.layers` to choose from.
    revision : str
        Of the hub; its main branch without.

    Notes
    -----
    Shape (d,), or (n_layers, d). A sound is brought to the model's rate, and heard by itself: what
    is padded beside others is heard by some models. Of models that write what they hear (Whisper)
    it is the encoder, which pads to 30 s on its own; the mean is over that.
    """

    version: ClassVar[int] = 1
    of: ClassVar[Literal["sound"]] = "sound"
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "scipy")
    needed: ClassVar[tuple[str, ...]] = ("config.json", "preprocessor_config.json")
    batch_size: ClassVar[int] = 16

    weights: str
    layer: int = -1
    pooling: Literal["mean", "last"] = "mean"
    normalize: Literal["none", "l2"] = "none"
    look_back: float | None = None
    layers: tuple[int, ...] = ()
    revision: str = ""

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))  # a file's list
        check_layers("hf_audio", self.layers, self.layer != type(self).layer, self.pooling)
        check_look_back(self.look_back, "hf_audio")
        if self.pooling not in ("mean", "last"):
            raise ConfigError(f"hf_audio: pooling: {self.pooling!r}: expected mean or last.")

    def read(self, stimuli: Stimuli, stimulus: str) -> Sound:
        """Give the sound of one stimulus, or of a volume what its film was before it."""
        return heard(stimuli, stimulus, self.look_back, "hf_audio")

    def contents(self, stimuli: Stimuli, cache: Path) -> str:
        """Digest of the sounds, and of films of when their volumes begin."""
        return contents(stimuli, cache, self.look_back, "hf_audio")

    def open(self, device: Device = "auto") -> Extract:
        """Load model and feature extractor, every tensor in its place.

        Raises
        ------
        DataMissing
            If weights or files of theirs are not on this machine.
        DataError
            If tensors are missing or left over, or there is no feature extractor.
        ConfigError
            If it is no audio model, or has no such layer.
        """
        weights = self.found()
        model = load_model(weights, device, purpose="hf_audio")
        extractor = load_processor(weights, "AutoFeatureExtractor")
        tower = model.base_model
        tower = getattr(tower, "encoder", None) if hasattr(tower, "decoder") else tower
        name = getattr(tower, "main_input_name", "")
        if name not in _INPUTS:
            raise ConfigError(
                f"hf_audio: weights {self.weights!r} are of {type(model).__name__}, which hears "
                "nothing. For pictures there is hf_vision, for texts hf_text."
            )
        rate = float(extractor.sampling_rate)

        def extract(sounds: Sequence[Sound]) -> np.ndarray:
            return np.stack([self._one(one, tower, extractor, rate, name) for one in sounds])

        return extract

    def _one(self, sound: Sound, tower: Any, extractor: Any, rate: float, name: str) -> np.ndarray:
        import torch

        heard = extractor(
            at_rate(sound, rate).samples, sampling_rate=int(rate), return_tensors="pt"
        )[name]
        with torch.inference_mode():
            answers = tower(
                **{name: heard.to(tower.device)}, output_hidden_states=True, return_dict=True
            )
            vectors = []
            for layer in self.layers or (self.layer,):
                states = hidden_state(answers.hidden_states, layer, "hf_audio", self.weights)
                vector = states[:, -1] if self.pooling == "last" else states.mean(dim=1)
                vectors.append(normalized(vector, self.normalize))
            made = stacked_layers(vectors, "hf_audio") if self.layers else vectors[0]
        return made[0].float().cpu().numpy()


def at_rate(sound: Sound, sfreq: float) -> Sound:
    """Bring a sound to another rate, by a polyphase filter.

    Parameters
    ----------
    sound : Sound
    sfreq : float
        Hz.
    """
    if sound.sfreq == sfreq:
        return sound
    from scipy.signal import resample_poly

    ratio = Fraction(sfreq / sound.sfreq).limit_denominator(1000)
    samples = resample_poly(sound.samples, ratio.numerator, ratio.denominator)
    return Sound(np.asarray(samples, dtype=np.float32), sfreq)
