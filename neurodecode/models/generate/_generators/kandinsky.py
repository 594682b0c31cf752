"""Kandinsky 2.2: a decoder of one image embedding."""

from collections.abc import Mapping
from typing import Any, ClassVar

from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.pretrained import load_model
from neurodecode.data.weights import Weights
from neurodecode.models.generate._generators._pipeline import (
    Opened,
    PipelineGenerator,
    Precision,
    Scheduler,
    Slot,
    Unconditional,
    guided,
)
from neurodecode.models.generate._pretrained import config_of


class Kandinsky(PipelineGenerator):
    """Make pictures of one image embedding each, from noise or from a picture.

    The decoder of Kandinsky 2.2 (folder ``kandinsky-2-2-decoder``: ``model_index.json unet/ movq/
    scheduler/``) takes 1,280 numbers, those of CLIP ViT-bigG/14, straight from the brain; its prior
    is for texts.

    Parameters
    ----------
    weights : str
        A folder, a name below a folder of weights, or a repository in the hub's cache.
    image_embeds : str
        Name of the condition that is the embedding.
    steps : int
        Of denoising, from noise to picture.
    strength : float
        Share of the steps that is taken from a picture to start from.
    guidance : float
        How far to go beyond what the network says without condition; 1 is not at all.
    size : int or None
        Pixels of a side, of which the pipeline makes pictures; None: as the weights were trained.
    scheduler : {"own", "ddim", "ddpm"}
        Sampler; ``own`` is that of the weights.
    unconditional : {"zeros", "empty"}
        What stands for no condition: zeros, or what the image encoder says of a black picture; that
        lies with the prior: put its ``image_encoder/`` into the folder.
    precision : {"auto", "float32", "float16"}
        ``auto``: half precision on a GPU.
    batch_size : int
        Pictures at a time.

    References
    ----------
    Razzhigaev et al. 2023, doi 10.18653/v1/2023.emnlp-demo.25.
    """

    pipelines: ClassVar[tuple[str, ...]] = (
        "KandinskyV22Pipeline",
        "KandinskyV22Img2ImgPipeline",
    )
    parts: ClassVar[Mapping[str, str]] = {"unet": "UNet2DConditionModel", "movq": "VQModel"}
    autoencoder: ClassVar[str] = "movq"
    # The pipeline hands chance to its sampler, which others do not take.
    schedulers: ClassVar[tuple[str, ...]] = ("own", "ddim", "ddpm")

    def __init__(
        self,
        weights: str,
        image_embeds: str = "image_embeds",
        steps: int = 50,
        strength: float = 0.75,
        guidance: float = 4.0,
        size: int | None = None,
        scheduler: Scheduler = "ddim",
        unconditional: Unconditional = "zeros",
        precision: Precision = "auto",
        batch_size: int = 4,
    ):
        self.weights = weights
        self.image_embeds = image_embeds
        self.steps = steps
        self.strength = strength
        self.guidance = guidance
        self.size = size
        self.scheduler: Scheduler = scheduler
        self.unconditional: Unconditional = unconditional
        self.precision: Precision = precision
        self.batch_size = batch_size

    def _slots(self, weights: Weights) -> list[Slot]:
        width = config_of(weights, "unet")["encoder_hid_dim"]
        return [Slot("image_embeds", self.image_embeds, (width,))]

    def _encoders(self, weights: Weights) -> tuple[str, ...]:
        del weights
        return ("image_encoder",) if self.unconditional == "empty" else ()

    def _multiple(self, weights: Weights) -> int:
        return super()._multiple(weights) ** 2  # the pipeline rounds latents up to the factor too

    def _open(self, weights: Weights, networks: dict[str, Any], scheduler: Any) -> Opened:
        torch = import_hugging_face("torch", purpose=self.where)
        diffusers = import_hugging_face("diffusers", purpose=self.where)
        null = torch.zeros(1, *self._slots(weights)[0].shape)
        if self.unconditional == "empty":
            encoder = load_model(weights.part("image_encoder"), "cpu", purpose=self.where)
            side = encoder.config.image_size
            with torch.inference_mode():
                null = encoder(torch.zeros(1, 3, side, side)).image_embeds
        made = (diffusers.KandinskyV22Pipeline, diffusers.KandinskyV22Img2ImgPipeline)
        noise, picture = (cls(scheduler=scheduler, **networks) for cls in made)
        return Opened(noise, picture, {"image_embeds": null})

    def _sampled(
        self, opened: Opened, batch: dict[str, Any], drawn: list[Any], begin: Any, side: int
    ) -> Any:
        how: dict[str, Any] = {
            "image_embeds": batch["image_embeds"],
            # Both are required: the pipeline has no default.
            "negative_image_embeds": guided(opened.null["image_embeds"], drawn),
            "height": side,
            "width": side,
            "num_inference_steps": self.steps,
            "guidance_scale": self.guidance,
            "generator": drawn,
            "output_type": "pt",
        }
        if begin is None:
            return opened.from_noise(**how).images
        return opened.from_picture(image=begin, strength=self.told_strength, **how).images
