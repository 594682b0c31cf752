"""HF vision: any layer of any vision model of transformers, such as CLIP, DINOv2 and ConvNeXt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.core.training import Device
from neurodecode.data.pretrained import load_model, load_processor, quiet
from neurodecode.features._contract import Extract, OfPictures, as_colour
from neurodecode.features._transformers import (
    FromWeights,
    Normalize,
    check_layers,
    hidden_state,
    normalized,
    stacked_layers,
)

# Tokens that stand for no place in the picture, in the order in which they come first.
_CLASS = ("cls_token", "class_embedding", "class_token")
_OTHERS = ("distillation_token",)


@dataclass(frozen=True)
class HfVision(FromWeights):
    """Give a layer of a vision model of transformers, whole or as one vector.

    Parameters
    ----------
    weights : str
        A folder, a name below a folder of weights, or a repository in the hub's cache; see
        `neurodecode.data.weights.find_weights`.
    layer : str or int
        ``image_embeds``: CLIP's own, the post layer norm and the projection. ``pooler``: what the
        model itself gives as one vector. A number: that of ``hidden_states``, 0 being what the
        first layer is handed and -1 the last layer's answer.
    pooling : {"", "cls", "mean", "none"}
        ``cls``: the class token. ``mean``: over places, without class and register tokens.
        ``none``: all tokens, which of a convolutional layer are its places, row by row. Where the
        layer is a vector it may be left out.
    normalize : {"none", "l2", "first_token"}
        ``l2``: each vector, or each token, by its length. ``first_token``: all tokens by the length
        of the class token.
    layers : tuple of int
        Several numbers of ``hidden_states`` instead of a `layer`: shape (n_layers, d), for
        `encode.layers` to choose from.
    revision : str
        Of the hub; its main branch without.

    Notes
    -----
    Shape (d,), or (n_tokens, d) with ``pooling: none``. With ``layer: image_embeds`` tokens are
    brought through post layer norm and projection each, so that the first one is the embedding
    that CLIP gives; with ``normalize: first_token`` that is the form in which Versatile Diffusion
    takes them (Xu et al. 2023, doi 10.1109/ICCV51070.2023.00713). A picture is brought to size by
    the image processor that lies beside the weights, with Pillow on every machine; one that gives a
    picture two different answers, as augmentation does, is refused.
    """

    version: ClassVar[int] = 1
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "pillow")
    needed: ClassVar[tuple[str, ...]] = ("config.json", "preprocessor_config.json")
    batch_size: ClassVar[int] = 32

    weights: str
    layer: str | int = "image_embeds"
    pooling: Literal["", "cls", "mean", "none"] = ""
    normalize: Normalize = "none"
    layers: tuple[int, ...] = ()
    revision: str = ""

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))  # a file's list
        said = self.layer != type(self).layer
        check_layers("hf_vision", self.layers, said, self.pooling)
        if isinstance(self.layer, str) and self.layer not in ("image_embeds", "pooler"):
            raise ConfigError(
                f"hf_vision: layer: {self.layer!r} is none of image_embeds, pooler and a number of "
                "hidden_states, such as -2."
            )
        if isinstance(self.layer, int) and not self.pooling:
            raise ConfigError(
                f"hf_vision: layer {self.layer} has many tokens. Give a pooling: cls, mean or none."
            )
        if self.layer == "pooler" and self.pooling:
            raise ConfigError(
                f"hf_vision: pooling: {self.pooling}: the pooler gives one vector as it is. Leave "
                "it out, or give layer: -1."
            )
        if self.normalize == "first_token" and self.pooling != "none":
            raise ConfigError(
                "hf_vision: normalize: first_token divides all tokens. Give pooling: none, or l2."
            )

    def open(self, device: Device = "auto") -> Extract:
        """Load the model, every tensor of it in its place.

        Raises
        ------
        DataMissing
            If weights or files of theirs are not on this machine.
        DataError
            If tensors are missing or left over, or its image processor augments.
        ConfigError
            If it is no vision model, or has no such layer or token.
        """
        weights = self.found()
        model = load_model(weights, device, purpose="hf_vision")
        processor = load_processor(weights, "AutoImageProcessor", backend="pil")
        inputs = _Inputs(processor, self.weights)
        inputs.check_same_twice()
        tower = _Tower(model, self.weights)
        tower.check(self)

        def extract(pictures: Sequence[np.ndarray]) -> np.ndarray:
            import torch

            pixels = torch.from_numpy(inputs(pictures)).to(model.device)
            with torch.inference_mode():
                return normalized(tower(pixels, self), self.normalize).cpu().numpy()

        return extract

    def open_pictures(self, device: Device = "auto") -> OfPictures:
        """Load the model, as `open`, for pictures that were brought to its size elsewhere.

        They are float32 from 0 to 1, shape (n, height, width, 3), and are normalised by what the
        image processor beside the weights says.
        """
        weights = self.found()
        model = load_model(weights, device, purpose="hf_vision")
        processor = load_processor(weights, "AutoImageProcessor", backend="pil")
        mean, deviation = (
            np.asarray(one, np.float32) for one in (processor.image_mean, processor.image_std)
        )
        tower = _Tower(model, self.weights)
        tower.check(self)

        def judge(pictures: np.ndarray) -> np.ndarray:
            import torch

            pixels = np.moveaxis((pictures - mean) / deviation, 3, 1)
            with torch.inference_mode():
                asked = torch.from_numpy(np.ascontiguousarray(pixels)).to(model.device)
                return normalized(tower(asked, self), self.normalize).cpu().numpy()

        return judge


class _Inputs:
    """Pictures as a model takes them: brought to its size, mean and deviation."""

    def __init__(self, processor: Any, name: str):
        self._processor, self._name = processor, name

    def __call__(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        transformers = import_hugging_face("transformers", purpose="hf_vision")

        with quiet(transformers):
            made = self._processor(
                images=[np.ascontiguousarray(as_colour(one)) for one in pictures],
                return_tensors="np",
                input_data_format="channels_last",
            )
        return np.asarray(made["pixel_values"], dtype=np.float32)

    def check_same_twice(self) -> None:
        """Refuse chance in the making of a picture: of 40 flips, say, one would be seen."""
        picture = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
        made = self([picture] * 40)
        if not (made == made[0]).all():
            raise DataError(
                f"weights {self._name!r}: the image processor beside them gives one picture "
                "different inputs, as augmentation does. Save the one that is used for testing."
            )


class _Tower:
    """The vision part of a model, and what CLIP does with its last layer."""

    def __init__(self, model: Any, name: str):
        self._tower = getattr(model, "vision_model", None) or model.base_model
        self._projection = getattr(model, "visual_projection", None)
        self._norm = getattr(self._tower, "post_layernorm", None)
        self._name, self._called = name, type(model).__name__
        parameters = {one.rpartition(".")[2]: p for one, p in self._tower.named_parameters()}
        self._n_class = sum(one in parameters for one in _CLASS)
        registers = parameters.get("register_tokens")
        n_registers = 0 if registers is None else registers.shape[-2]
        self._n_first = self._n_class + sum(one in parameters for one in _OTHERS) + n_registers

    def check(self, asked: HfVision) -> None:
        """Hold what is asked to what there is, before any picture is read."""
        if self._tower.main_input_name != "pixel_values":
            raise ConfigError(
                f"hf_vision: weights {self._name!r} are of {self._called}, which takes no pictures."
                " For texts there is hf_text."
            )
        if (
            asked.layer == "image_embeds"
            and not asked.layers
            and (self._projection is None or self._norm is None)
        ):
            raise ConfigError(
                f"hf_vision: {self._called} of {self._name!r} has no image_embeds, as CLIP has. "
                "Give layer: pooler, or the number of one of its hidden_states."
            )
        if asked.pooling == "cls" and not self._n_class:
            raise ConfigError(
                f"hf_vision: {self._called} of {self._name!r} has no class token. Give pooling: "
                "mean or none."
            )
        if asked.normalize == "first_token" and not self._n_class:
            raise ConfigError(
                f"hf_vision: {self._called} of {self._name!r} has no class token, by which "
                "normalize: first_token divides. Give l2, or none."
            )

    def __call__(self, pixels: Any, asked: HfVision) -> Any:
        """Give the layer that is asked, shape (n, d) or (n, n_tokens, d)."""
        hidden = isinstance(asked.layer, int) or bool(asked.layers)
        answers = self._tower(pixel_values=pixels, output_hidden_states=hidden, return_dict=True)
        if asked.layers:
            several = [self._hidden(answers, one) for one in asked.layers]
            return stacked_layers(
                [self._pooled(one, asked.pooling) for one in several], "hf_vision"
            )
        if asked.layer == "pooler":
            return self._pooler(answers)
        if asked.layer == "image_embeds":
            assert self._projection is not None and self._norm is not None  # `check`
            tokens = self._projection(self._norm(answers.last_hidden_state))
            return self._pooled(tokens, asked.pooling or "cls")
        return self._pooled(self._hidden(answers, int(asked.layer)), asked.pooling)

    def _pooler(self, answers: Any) -> Any:
        vector = answers.get("pooler_output")
        if vector is None:
            raise ConfigError(
                f"hf_vision: {self._called} of {self._name!r} has no pooler. Give the number of "
                "one of its hidden_states, such as layer: -1."
            )
        return vector.flatten(1)

    def _hidden(self, answers: Any, layer: int) -> Any:
        state = hidden_state(answers.hidden_states, layer, "hf_vision", self._name)
        # A map of (n, d, height, width) becomes tokens, row by row.
        return state.flatten(2).transpose(1, 2) if state.ndim == 4 else state

    def _pooled(self, tokens: Any, pooling: str) -> Any:
        if pooling == "cls":
            return tokens[:, 0]
        return tokens[:, self._n_first :].mean(dim=1) if pooling == "mean" else tokens
