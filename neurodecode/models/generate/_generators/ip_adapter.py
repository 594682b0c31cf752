"""IP-Adapter: Stable Diffusion that is shown an image embedding beside its text."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.manifest import file_sha256
from neurodecode.data.weights import Weights, find_weights
from neurodecode.models.generate._generators._pipeline import (
    Opened,
    PipelineGenerator,
    Precision,
    Scheduler,
    Slot,
    Unconditional,
    guided,
)
from neurodecode.models.generate._generators.stable_diffusion import (
    StableDiffusion,
    empty_text,
    run,
    text_encoders,
    text_pipelines,
    zero_text,
)
from neurodecode.models.generate._pretrained import config_of

_PROJECTION = "image_proj.proj.weight"


class IpAdapter(PipelineGenerator):
    """Make pictures of one image embedding each with Stable Diffusion and an IP-Adapter.

    Parameters
    ----------
    weights : str
        Of Stable Diffusion 1.x or XL, as of `StableDiffusion`.
    adapter : str
        Folder or name of the adapter's weights: ``ip-adapter_sd15.safetensors`` or
        ``ip-adapter_sdxl_vit-h.safetensors`` and what lies around it.
    adapter_file : str
        Path of the file within it; may be left out where there is one alone.
    image_embeds : str
        Name of the condition that is the embedding: 1,024 numbers (CLIP ViT-H/14) or 1,280 (bigG).
    scale : float
        Weight of the adapter against the text.
    steps, strength, guidance, size, precision, batch_size
        As of `Kandinsky`.
    scheduler : {"own", "ddim", "ddpm", "dpm_solver", "unipc"}
        Sampler; ``own`` is that of the weights.
    unconditional : {"empty", "zeros"}
        What the text is, beside the embedding: empty, or zeros. No embedding is zeros.

    References
    ----------
    Ye et al. 2023, doi 10.48550/arXiv.2308.06721.
    """

    pipelines: ClassVar[tuple[str, ...]] = StableDiffusion.pipelines
    parts: ClassVar[Mapping[str, str]] = StableDiffusion.parts

    def __init__(
        self,
        weights: str,
        adapter: str,
        adapter_file: str = "",
        image_embeds: str = "image_embeds",
        scale: float = 1.0,
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
        self.adapter = adapter
        self.adapter_file = adapter_file
        self.image_embeds = image_embeds
        self.scale = scale
        self.steps = steps
        self.strength = strength
        self.guidance = guidance
        self.size = size
        self.scheduler: Scheduler = scheduler
        self.unconditional: Unconditional = unconditional
        self.precision: Precision = precision
        self.batch_size = batch_size

    def hashes(self, cache: Path) -> dict[str, str]:
        file = self._file()
        _check_adapter(_shapes(file), config_of(self._found(), "unet"), file, self.where)
        return super().hashes(cache) | {f"adapter/{file.name}": file_sha256(file, cache)}

    def _slots(self, weights: Weights) -> list[Slot]:
        del weights
        return [Slot("image_embeds", self.image_embeds, (_shapes(self._file())[_PROJECTION][1],))]

    def _encoders(self, weights: Weights) -> tuple[str, ...]:
        return text_encoders(weights) if self.unconditional == "empty" else ()

    def _file(self) -> Path:
        """Find the file of the adapter."""
        folder = find_weights(self.adapter).folder
        if self.adapter_file:
            file = folder / self.adapter_file
            if not file.is_file():
                raise DataMissing(f"{self.where}: {folder} has no {self.adapter_file}. Correct it.")
            return file
        files = sorted(folder.rglob("*.safetensors"))
        # What has an own config.json beside it is a network, such as the image encoder.
        files = [one for one in files if not (one.parent / "config.json").is_file()]
        if len(files) != 1:
            names = ", ".join(str(one.relative_to(folder)) for one in files)
            raise DataMissing(
                f"{self.where}: {folder} has {len(files)} files that may be the adapter"
                f"{': ' + names if names else ''}. Name one as adapter_file."
            )
        return files[0]

    def _open(self, weights: Weights, networks: dict[str, Any], scheduler: Any) -> Opened:
        load = import_hugging_face("safetensors.torch", purpose=self.where).load_file
        noise, picture = text_pipelines(weights, networks, scheduler, self.where)
        if self.unconditional == "zeros":
            null = zero_text(weights, self.where)
            null = {k: v.expand(1, 77, -1) if v.ndim == 3 else v for k, v in null.items()}
        else:
            null = empty_text(weights, noise, purpose=self.where)
        tensors: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
        for key, value in load(self._file()).items():
            group, _, name = key.partition(".")
            tensors[group][name] = value
        # Both pipelines have the same U-Net, which is what is changed.
        noise.load_ip_adapter(
            tensors,
            subfolder="",
            weight_name="",
            image_encoder_folder=None,
            low_cpu_mem_usage=False,
        )
        return Opened(noise, picture, null)

    def _sampled(
        self, opened: Opened, batch: dict[str, Any], drawn: list[Any], begin: Any, side: int
    ) -> Any:
        import torch

        opened.from_noise.set_ip_adapter_scale(self.scale)
        rows = batch["image_embeds"][:, None]  # (n, 1 picture, width)
        # Without condition first, in one tensor of three axes: others are refused or misread.
        rows = torch.cat([torch.zeros_like(rows), rows]) if self.guidance > 1 else rows
        # diffusers repeats the rows once a picture, so that of a batch each picture is shown the
        # embeddings of others; these are one a picture already.
        for pipe in (opened.from_noise, opened.from_picture):
            pipe.prepare_ip_adapter_image_embeds = partial(_as_they_are, [rows])
        told = {name: guided(value, drawn) for name, value in opened.null.items()}
        told["ip_adapter_image_embeds"] = [rows]
        return run(self, opened, told, drawn, begin, side)


def _as_they_are(rows: list[Any], *_: Any) -> list[Any]:
    return rows


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """Read names and shapes of tensors, and no tensor."""
    safe_open = import_hugging_face("safetensors", purpose="ip_adapter").safe_open
    with safe_open(file, framework="np") as tensors:
        return {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118


def _check_adapter(
    shapes: dict[str, tuple[int, ...]], config: dict[str, Any], file: Path, where: str
) -> None:
    """Hold an adapter to the U-Net that it is to go into.

    Raises
    ------
    DataError
        If it is none of one embedding, or of another U-Net.
    """
    if _PROJECTION not in shapes:
        raise DataError(
            f"{where}: {file} has no {_PROJECTION}, so it is no adapter that takes one image "
            "embedding (those called plus, full-face and FaceID take other things). Name the plain "
            "one as adapter_file."
        )
    width, mine = config["cross_attention_dim"], shapes["image_proj.norm.weight"][0]
    if width != mine:
        raise ConfigError(
            f"{where}: {file} is an adapter for tokens of {mine} numbers, and the U-Net of the "
            f"weights takes {width}. Name the adapter of that model."
        )
