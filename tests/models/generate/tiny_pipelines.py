"""Folders of pipelines with tiny random weights, as diffusers saves them.

The arguments are the smallest that these classes were found to work with; sizes are those of
nobody's weights, so that a width that is written down anywhere shows.
"""

import json
from pathlib import Path
from typing import Any

from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.pretrained import quiet

N_TEXT, N_VISION = 9, 17  # tokens of the tiny text and vision encoders
LATENT = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1,
}  # fmt: skip
UNET = {
    "sample_size": 8, "in_channels": 4, "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (32, 64), "layers_per_block": 1, "cross_attention_dim": 32,
    "attention_head_dim": 4, "norm_num_groups": 8,
}  # fmt: skip
TEXT = {
    "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
    "vocab_size": 40, "max_position_embeddings": N_TEXT, "projection_dim": 32,
    "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 3,
}  # fmt: skip
VISION = {
    "hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
    "image_size": 32, "patch_size": 8, "projection_dim": 32,
}  # fmt: skip


def diffusers() -> Any:
    return import_hugging_face("diffusers", purpose="tests")


def transformers() -> Any:
    return import_hugging_face("transformers", purpose="tests")


def kandinsky(folder: Path) -> Path:
    d = diffusers()
    unet = d.UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=8, addition_embed_type="image",
        encoder_hid_dim=24, encoder_hid_dim_type="image_proj", cross_attention_dim=64,
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", block_out_channels=(32, 64),
        layers_per_block=1, attention_head_dim=4, resnet_time_scale_shift="scale_shift",
    )  # fmt: skip
    movq = d.VQModel(
        block_out_channels=[32, 64],
        down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
        up_block_types=["AttnUpDecoderBlock2D", "UpDecoderBlock2D"], latent_channels=4,
        layers_per_block=1, norm_num_groups=8, norm_type="spatial", num_vq_embeddings=12,
        vq_embed_dim=4,
    )  # fmt: skip
    # As the real folder has it: a sampler that asks for variances.
    scheduler = d.DDPMScheduler(
        beta_schedule="linear", beta_start=0.00085, beta_end=0.012, clip_sample=False,
        variance_type="learned_range",
    )  # fmt: skip
    return save(d.KandinskyV22Pipeline(unet=unet, movq=movq, scheduler=scheduler), folder)


def stable_diffusion(folder: Path) -> Path:
    d = diffusers()
    pipe = d.StableDiffusionPipeline(
        vae=vae(), unet=d.UNet2DConditionModel(**UNET), scheduler=d.PNDMScheduler(**_plain()),
        text_encoder=transformers().CLIPTextModel(transformers().CLIPTextConfig(**TEXT)),
        tokenizer=tokenizer(), safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    return save(pipe, folder)


def stable_diffusion_xl(folder: Path) -> Path:
    d, t = diffusers(), transformers()
    unet = d.UNet2DConditionModel(
        **UNET | {"cross_attention_dim": 64, "attention_head_dim": (2, 4)},
        use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=8,
        transformer_layers_per_block=(1, 1), projection_class_embeddings_input_dim=6 * 8 + 32,
    )  # fmt: skip
    pipe = d.StableDiffusionXLPipeline(
        vae=vae(), unet=unet, scheduler=d.EulerDiscreteScheduler(),
        text_encoder=t.CLIPTextModel(t.CLIPTextConfig(**TEXT)), tokenizer=tokenizer(),
        text_encoder_2=t.CLIPTextModelWithProjection(t.CLIPTextConfig(**TEXT)),
        tokenizer_2=tokenizer(), add_watermarker=False,
    )  # fmt: skip
    return save(pipe, folder)


def versatile_diffusion(folder: Path, **more: Any) -> Path:
    """With the text's U-Net in a folder of its own, as the real one has it."""
    unet = UNET | more
    flat = import_hugging_face(
        "diffusers.pipelines.deprecated.versatile_diffusion.modeling_text_unet", purpose="tests"
    )
    d, t = diffusers(), transformers()
    pieces = {
        "image_unet": d.UNet2DConditionModel(**unet),
        "text_unet": flat.UNetFlatConditionModel(
            **unet | {
                "in_channels": (4, 1, 1), "out_channels": (4, 1, 1),
                "down_block_types": ("DownBlockFlat", "CrossAttnDownBlockFlat"),
                "up_block_types": ("CrossAttnUpBlockFlat", "UpBlockFlat"),
                "mid_block_type": "UNetMidBlockFlatCrossAttn",
            }
        ),
        "vae": vae(),
        "scheduler": d.DDIMScheduler(**LATENT),
        "text_encoder": t.CLIPTextModelWithProjection(t.CLIPTextConfig(**TEXT)),
        "tokenizer": tokenizer(),
        "image_encoder": t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**VISION)),
    }  # fmt: skip
    for name, piece in pieces.items():
        with quiet(d), quiet(t):
            piece.save_pretrained(folder / name)
    index = {"_class_name": "VersatileDiffusionPipeline"}
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder


def adapter(folder: Path, unet: Path, n_embed: int = 12) -> Path:
    """An IP-Adapter for a U-Net: a projection, and keys and values of each cross-attention."""
    import torch
    from safetensors.torch import save_file

    net = diffusers().UNet2DConditionModel.from_pretrained(unet, local_files_only=True)
    width = net.config.cross_attention_dim
    tensors = {
        "image_proj.proj.weight": torch.randn(4 * width, n_embed) / 3,
        "image_proj.proj.bias": torch.zeros(4 * width),
        "image_proj.norm.weight": torch.ones(width),
        "image_proj.norm.bias": torch.zeros(width),
    }
    for i, name in enumerate(net.attn_processors):
        if name.endswith("attn2.processor"):
            channels = net.get_submodule(name.removesuffix(".processor")).to_k.out_features
            for kind in ("k", "v"):
                tensors[f"ip_adapter.{i}.to_{kind}_ip.weight"] = torch.randn(channels, width) / 3
    (folder / "models").mkdir(parents=True)
    save_file(tensors, folder / "models" / "ip-adapter.safetensors")
    return folder


def vae() -> Any:
    return diffusers().AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * 3, up_block_types=["UpDecoderBlock2D"] * 3,
        block_out_channels=(8, 16, 16), layers_per_block=1, norm_num_groups=8, latent_channels=4,
        sample_size=32,
    )  # fmt: skip


def tokenizer() -> Any:
    letters = "abcdefghijklmnopq"
    words = ["<u>", "!", "<s>", "</s>", *letters, *(f"{one}</w>" for one in letters)]
    return transformers().CLIPTokenizer(
        vocab={word: i for i, word in enumerate(words)}, merges=[], unk_token="<u>",
        bos_token="<s>", eos_token="</s>", pad_token="</s>", model_max_length=N_TEXT,
    )  # fmt: skip


def save(pipe: Any, folder: Path) -> Path:
    with quiet(diffusers()), quiet(transformers()):
        pipe.save_pretrained(folder)
    return folder


def _plain() -> dict[str, Any]:
    return {k: v for k, v in LATENT.items() if k != "clip_sample"} | {"skip_prk_steps": True}
