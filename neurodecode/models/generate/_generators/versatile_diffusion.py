"""Versatile Diffusion: pictures of image tokens and text tokens at once."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.pretrained import load_model, load_processor
from neurodecode.data.weights import Weights
from neurodecode.models.generate._contract import Conditions
from neurodecode.models.generate._generators._pipeline import (
    ANY,
    Opened,
    PipelineGenerator,
    Precision,
    Scheduler,
    Slot,
    Unconditional,
    guided,
)
from neurodecode.models.generate._generators.stable_diffusion import run
from neurodecode.models.generate._pretrained import config_of

_TEXT_UNET = {"text_unet": "UNetFlatConditionModel"}


class VersatileDiffusion(PipelineGenerator):
    """Make pictures of image tokens and text tokens at once, from noise or from a picture.

    In each block two transformers read the tokens, one the vision's and one the text's, and what
    they add is mixed. Brain-Diffuser tells it 257 × 768 vision tokens and 77 × 768 text tokens.

    Parameters
    ----------
    weights : str
        A folder (``model_index.json image_unet/ text_unet/ vae/ scheduler/``, and for
        `unconditional` ``empty`` ``text_encoder/ tokenizer/ image_encoder/``), a name below a
        folder of weights, or a repository in the hub's cache.
    vision : str
        Name of the condition that is the image tokens, all of a picture divided by the length of
        the first (`hf_vision` with ``normalize: first_token``).
    text : str or None
        Name of the condition that is the text tokens, divided by the length of the pooled text
        (`hf_text` with ``normalize: pooled``). None: no text, and `mixing` counts for nothing.
    mixing : float
        Share of the text in what both transformers add: 0 is the vision alone.
    steps, strength, guidance, size, precision, batch_size
        As of `Kandinsky`.
    scheduler : {"own", "ddim", "ddpm", "dpm_solver", "unipc"}
        Sampler; ``own`` is that of the weights.
    unconditional : {"empty", "zeros"}
        What stands for no condition: what the encoders say of an empty text and of a picture that
        is zero after normalisation; or zeros.

    Notes
    -----
    The pipelines that diffusers had for it take texts and pictures alone, and fail since blocks are
    handed an argument that they do not know. Here these blocks overlook it, and the loop is that of
    Stable Diffusion.

    References
    ----------
    Xu et al. 2023, doi 10.1109/ICCV51070.2023.00713; Ozcelik & VanRullen 2023,
    doi 10.1038/s41598-023-42891-8.
    """

    pipelines: ClassVar[tuple[str, ...]] = (
        "VersatileDiffusionPipeline",
        "VersatileDiffusionDualGuidedPipeline",
    )
    parts: ClassVar[Mapping[str, str]] = {
        "image_unet": "UNet2DConditionModel",
        "vae": "AutoencoderKL",
    }
    unet: ClassVar[str] = "image_unet"

    def __init__(
        self,
        weights: str,
        vision: str = "vision",
        text: str | None = "text",
        mixing: float = 0.4,
        steps: int = 50,
        strength: float = 0.75,
        guidance: float = 7.5,
        size: int | None = None,
        scheduler: Scheduler = "ddim",
        unconditional: Unconditional = "empty",
        precision: Precision = "auto",
        batch_size: int = 4,
    ):
        self.weights = weights
        self.vision = vision
        self.text = text
        self.mixing = mixing
        self.steps = steps
        self.strength = strength
        self.guidance = guidance
        self.size = size
        self.scheduler: Scheduler = scheduler
        self.unconditional: Unconditional = unconditional
        self.precision: Precision = precision
        self.batch_size = batch_size

    def fit(self, pictures: np.ndarray, conditions: Conditions) -> Self:
        if not 0 <= self.mixing <= 1:
            raise ConfigError(
                f"{self.where}: mixing is {self.mixing:g}. Give the share of the text, 0 to 1."
            )
        super().fit(pictures, conditions)
        if self.unconditional == "empty":
            self._check_tokens()
        return self

    def _check_tokens(self) -> None:
        """Hold the number of tokens to that of an empty text and an empty picture."""
        weights = self._found()
        vision = config_of(weights, "image_encoder")
        expected = {self.vision: (vision["image_size"] // vision["patch_size"]) ** 2 + 1}
        if self.text is not None:
            expected[self.text] = config_of(weights, "text_encoder")["max_position_embeddings"]
        for name, n_tokens in expected.items():
            if self.told_[name][0] != n_tokens:
                raise ConfigError(
                    f"{self.where}: condition {name!r} has {self.told_[name][0]} tokens, and the "
                    f"encoder of weights {self.weights!r} gives {n_tokens}. Use features of that "
                    "encoder, or say unconditional: zeros."
                )

    def _slots(self, weights: Weights) -> list[Slot]:
        shape = (ANY, config_of(weights, "image_unet")["cross_attention_dim"])
        slots = [Slot("vision", self.vision, shape)]
        return slots if self.text is None else [*slots, Slot("text", self.text, shape)]

    def _encoders(self, weights: Weights) -> tuple[str, ...]:
        needed = () if _is_dual(weights) else tuple(_TEXT_UNET)
        if self.unconditional == "zeros":
            return needed
        return (*needed, "image_encoder", *(() if self.text is None else ("text_encoder",)))

    def _loaded_parts(self, weights: Weights) -> Mapping[str, str]:
        return self.parts if _is_dual(weights) else {**self.parts, **_TEXT_UNET}

    def _open(self, weights: Weights, networks: dict[str, Any], scheduler: Any) -> Opened:
        diffusers = import_hugging_face("diffusers", purpose=self.where)
        unet = _dual(networks, scheduler, diffusers)
        more = dict.fromkeys(("text_encoder", "tokenizer", "safety_checker", "feature_extractor"))
        made = (diffusers.StableDiffusionPipeline, diffusers.StableDiffusionImg2ImgPipeline)
        noise, picture = (
            cls(
                vae=networks["vae"],
                unet=unet,
                scheduler=scheduler,
                requires_safety_checker=False,
                **more,
            )
            for cls in made
        )
        return Opened(noise, picture, self._null(weights))

    def _null(self, weights: Weights) -> dict[str, Any]:
        """Give what stands for no picture and no text."""
        torch = import_hugging_face("torch", purpose=self.where)
        if self.unconditional == "zeros":
            return {
                slot.argument: torch.zeros(1, *self.told_[slot.name])
                for slot in self._slots(weights)
            }
        null = {}
        with torch.inference_mode():
            vision = load_model(weights.part("image_encoder"), "cpu", purpose=self.where)
            side = vision.config.image_size
            tokens = vision(torch.zeros(1, 3, side, side)).last_hidden_state
            tokens = vision.visual_projection(vision.vision_model.post_layernorm(tokens))
            null["vision"] = tokens / tokens[:, :1].norm(dim=-1, keepdim=True)
            if self.text is not None:
                text = load_model(weights.part("text_encoder"), "cpu", purpose=self.where)
                words = load_processor(weights.part("tokenizer"), "AutoTokenizer")
                length = text.config.max_position_embeddings
                made = words([""], padding="max_length", max_length=length, return_tensors="pt")
                said = text(made["input_ids"])
                tokens = text.text_projection(said.last_hidden_state)
                null["text"] = tokens / said.text_embeds.norm(dim=-1)[:, None, None]
        return null

    def _sampled(
        self, opened: Opened, batch: dict[str, Any], drawn: list[Any], begin: Any, side: int
    ) -> Any:
        import torch

        vision = batch["vision"]
        none = {name: guided(value, drawn) for name, value in opened.null.items()}
        # A block reads two pieces, the text's first; one token of zeros is no text.
        silent = torch.zeros_like(vision[:, :1])
        text, no_text = batch.get("text", silent), none.get("text", silent)
        for block in _blocks(opened.from_noise.unet):
            block.condition_lengths = [text.shape[1], vision.shape[1]]
            block.transformer_index_for_condition = [1, 0]
            block.mix_ratio = 0.0 if self.text is None else self.mixing
        told = {
            "prompt_embeds": torch.cat([text, vision], dim=1),
            "negative_prompt_embeds": torch.cat([no_text, none["vision"]], dim=1),
        }
        return run(self, opened, told, drawn, begin, side)


def _is_dual(weights: Weights) -> bool:
    """Whether the blocks of the image's U-Net were saved with the transformers of the text's."""
    return bool(config_of(weights, "image_unet").get("dual_cross_attention"))


def _dual(networks: dict[str, Any], scheduler: Any, diffusers: Any) -> Any:
    """Give the image's U-Net, each block of which has a transformer of the text's too."""
    unet = networks["image_unet"]
    if "text_unet" in networks:
        # Its making puts the text's transformers into the image's U-Net; no more is used of it.
        lacking = ("tokenizer", "image_feature_extractor", "text_encoder", "image_encoder")
        diffusers.VersatileDiffusionDualGuidedPipeline(
            **dict.fromkeys(lacking), **networks, scheduler=scheduler
        )
    for block in _blocks(unet):
        block.forward = partial(_forward, type(block), block)
    return unet


def _forward(cls: Any, block: Any, *states: Any, **told: Any) -> Any:
    """Overlook what U-Nets hand to their blocks since these were written."""
    told.pop("encoder_attention_mask", None)
    return cls.forward(block, *states, **told)


def _blocks(unet: Any) -> list[Any]:
    return [one for one in unet.modules() if type(one).__name__ == "DualTransformer2DModel"]
