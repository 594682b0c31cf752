"""Stable Diffusion 1, 2 and XL: pictures of the tokens of a prompt."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.files import read_json
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
from neurodecode.models.generate._pretrained import config_of

_N_TIMES = 6  # sizes and crops that Stable Diffusion XL is told beside the pooled prompt


class StableDiffusion(PipelineGenerator):
    """Make pictures of the tokens of a prompt, told instead of a text, from noise or a picture.

    Folders of Stable Diffusion 1.x, 2.x and XL, as diffusers saves them: ``model_index.json unet/
    vae/ scheduler/`` and, for `unconditional` ``empty``, the text encoders and tokenizers.

    Parameters
    ----------
    weights : str
        A folder, a name below a folder of weights, or a repository in the hub's cache.
    prompt_embeds : str
        Name of the condition that is the tokens: any number of them, each of 768 (1.x), 1,024 (2.x)
        or 2,048 numbers (XL).
    pooled_prompt_embeds : str
        Name of the condition that is the pooled prompt, which XL takes too (1,280 numbers).
    steps, strength, guidance, size, precision, batch_size
        As of `Kandinsky`.
    scheduler : {"own", "ddim", "ddpm", "dpm_solver", "unipc"}
        Sampler; ``own`` is that of the weights.
    unconditional : {"empty", "zeros"}
        What stands for no condition: what the text encoder says of an empty text (of XL zeros,
        where its ``model_index.json`` says so), or zeros.

    References
    ----------
    Rombach et al. 2022, doi 10.1109/CVPR52688.2022.01042; Podell et al. 2024, ICLR (XL).
    """

    pipelines: ClassVar[tuple[str, ...]] = (
        "StableDiffusionPipeline",
        "StableDiffusionImg2ImgPipeline",
        "StableDiffusionXLPipeline",
        "StableDiffusionXLImg2ImgPipeline",
    )
    parts: ClassVar[Mapping[str, str]] = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL"}

    def __init__(
        self,
        weights: str,
        prompt_embeds: str = "prompt_embeds",
        pooled_prompt_embeds: str = "pooled_prompt_embeds",
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
        self.prompt_embeds = prompt_embeds
        self.pooled_prompt_embeds = pooled_prompt_embeds
        self.steps = steps
        self.strength = strength
        self.guidance = guidance
        self.size = size
        self.scheduler: Scheduler = scheduler
        self.unconditional: Unconditional = unconditional
        self.precision: Precision = precision
        self.batch_size = batch_size

    def _slots(self, weights: Weights) -> list[Slot]:
        config = config_of(weights, "unet")
        slots = [Slot("prompt_embeds", self.prompt_embeds, (ANY, config["cross_attention_dim"]))]
        if is_xl(weights):
            slots.append(
                Slot("pooled_prompt_embeds", self.pooled_prompt_embeds, (pooled_width(config),))
            )
        return slots

    def fit(self, pictures: np.ndarray, conditions: Conditions) -> Self:
        super().fit(pictures, conditions)
        n_tokens = self.told_[self.prompt_embeds][0]
        if self.unconditional == "empty":
            n_empty = config_of(self._found(), "text_encoder")["max_position_embeddings"]
            if n_tokens != n_empty:
                raise ConfigError(
                    f"{self.where}: condition {self.prompt_embeds!r} has {n_tokens} tokens, and an "
                    f"empty text has {n_empty}, so it cannot stand for none of it. Say "
                    "unconditional: zeros."
                )
        return self

    def _encoders(self, weights: Weights) -> tuple[str, ...]:
        return text_encoders(weights) if self.unconditional == "empty" else ()

    def _open(self, weights: Weights, networks: dict[str, Any], scheduler: Any) -> Opened:
        opened = text_pipelines(weights, networks, scheduler, self.where)
        if self.unconditional == "zeros":
            return Opened(*opened, zero_text(weights, self.where))
        return Opened(*opened, empty_text(weights, opened[0], purpose=self.where))

    def _sampled(
        self, opened: Opened, batch: dict[str, Any], drawn: list[Any], begin: Any, side: int
    ) -> Any:
        tokens = batch["prompt_embeds"]
        none = guided(opened.null["negative_prompt_embeds"], drawn)
        none = none.expand(-1, tokens.shape[1], -1) if none.shape[1] == 1 else none
        told = {"prompt_embeds": tokens, "negative_prompt_embeds": none}
        if "pooled_prompt_embeds" in batch:
            pooled = guided(opened.null["negative_pooled_prompt_embeds"], drawn)
            told |= {
                "pooled_prompt_embeds": batch["pooled_prompt_embeds"],
                "negative_pooled_prompt_embeds": pooled,
            }
        return run(self, opened, told, drawn, begin, side)


def run(
    link: PipelineGenerator,
    opened: Opened,
    told: dict[str, Any],
    drawn: list[Any],
    begin: Any,
    side: int,
) -> Any:
    """Run a pipeline of Stable Diffusion, from noise or from pictures."""
    how: dict[str, Any] = {
        "num_inference_steps": link.steps,
        "guidance_scale": link.guidance,
        "generator": drawn,
        "output_type": "pt",
    }
    if begin is None:
        return opened.from_noise(height=side, width=side, **told, **how).images
    return opened.from_picture(image=begin, strength=link.told_strength, **told, **how).images


def is_xl(weights: Weights) -> bool:
    """Whether the U-Net is one of Stable Diffusion XL."""
    return config_of(weights, "unet").get("addition_embed_type") == "text_time"


def pooled_width(config: dict[str, Any]) -> int:
    """Give the numbers of the pooled prompt, by the configuration of a U-Net of XL."""
    times = _N_TIMES * config["addition_time_embed_dim"]
    return config["projection_class_embeddings_input_dim"] - times


def text_encoders(weights: Weights) -> tuple[str, ...]:
    """Name the parts that say what an empty text is."""
    return ("text_encoder", "text_encoder_2") if is_xl(weights) else ("text_encoder",)


def text_pipelines(
    weights: Weights, networks: dict[str, Any], scheduler: Any, where: str
) -> tuple[Any, Any]:
    """Make the pipelines from noise and from a picture, without text encoders."""
    diffusers = import_hugging_face("diffusers", purpose=where)
    lacking = dict.fromkeys(("text_encoder", "tokenizer"))
    if is_xl(weights):
        names = ("StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline")
        more = {**dict.fromkeys(("text_encoder_2", "tokenizer_2")), "add_watermarker": False}
        more["force_zeros_for_empty_prompt"] = read_json(weights.folder / "model_index.json").get(
            "force_zeros_for_empty_prompt", True
        )
    else:
        names = ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline")
        more = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    noise, picture = (
        getattr(diffusers, name)(**networks, **lacking, **more, scheduler=scheduler)
        for name in names
    )
    return noise, picture


def empty_text(weights: Weights, pipe: Any, purpose: str) -> dict[str, Any]:
    """Give what the pipeline tells its network of an empty text, and of none.

    Text encoders are in memory for that long alone.
    """
    parts = text_encoders(weights)
    tokenizers = [one.replace("text_encoder", "tokenizer") for one in parts]
    torch = import_hugging_face("torch", purpose=purpose)
    loaded = {part: load_model(weights.part(part), "cpu", purpose=purpose) for part in parts}
    loaded |= {one: load_processor(weights.part(one), "AutoTokenizer") for one in tokenizers}
    pipe.register_modules(**loaded)
    with torch.inference_mode():
        said = pipe.encode_prompt(
            "", device="cpu", num_images_per_prompt=1, do_classifier_free_guidance=True
        )
    pipe.register_modules(**dict.fromkeys(loaded))
    names = ("prompt_embeds", "negative_prompt_embeds")
    names += ("pooled_prompt_embeds", "negative_pooled_prompt_embeds")
    return dict(zip(names, said, strict=False))


def zero_text(weights: Weights, purpose: str) -> dict[str, Any]:
    """Give zeros for what the pipeline tells its network of a text, and of none."""
    torch = import_hugging_face("torch", purpose=purpose)
    config = config_of(weights, "unet")
    tokens = torch.zeros(1, 1, config["cross_attention_dim"])
    null = {"prompt_embeds": tokens, "negative_prompt_embeds": tokens}
    if is_xl(weights):
        pooled = torch.zeros(1, pooled_width(config))
        null |= {"pooled_prompt_embeds": pooled, "negative_pooled_prompt_embeds": pooled}
    return null
