"""Folders of tiny networks with random weights, as transformers saves them."""

import json
from pathlib import Path

from neurodecode.core.hugging_face import import_hugging_face

SIZE = 32  # pixels of a side
VISION = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
    "image_size": SIZE, "patch_size": 8, "projection_dim": 8,
}  # fmt: skip
TEXT = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "vocab_size": 40, "max_position_embeddings": 9, "projection_dim": 8,
    "bos_token_id": 0, "eos_token_id": 1, "pad_token_id": 1,
}  # fmt: skip
PROCESSOR = {
    "size": {"shortest_edge": SIZE}, "crop_size": {"height": SIZE, "width": SIZE},
    "do_resize": True, "do_center_crop": True, "do_rescale": True, "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "resample": 3,
}  # fmt: skip
WORDS = ["a", "the", "dog", "cat", "red", "runs", "sits"]


def transformers():
    return import_hugging_face("transformers", purpose="tests")


def save(model, folder: Path, processor: str = "") -> Path:
    """Save a model, and the settings of an image processor beside it."""
    from neurodecode.data.pretrained import quiet

    with quiet(transformers()):
        model.eval().save_pretrained(folder)
    if processor:
        (folder / "preprocessor_config.json").write_text(
            json.dumps(PROCESSOR | {"image_processor_type": processor})
        )
    return folder


def clip(folder: Path) -> Path:
    """A whole CLIP, text and vision, with a tokenizer of some words."""
    t = transformers()
    model = t.CLIPModel(t.CLIPConfig(text_config=TEXT, vision_config=VISION, projection_dim=8))
    save(model, folder, "CLIPImageProcessor")
    return with_tokenizer(folder, start="<s>", end="</s>", pad="</s>")


def clip_vision(folder: Path) -> Path:
    t = transformers()
    model = t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(**VISION))
    return save(model, folder, "CLIPImageProcessor")


def dinov2(folder: Path, **more) -> Path:
    t = transformers()
    several = {k: v for k, v in VISION.items() if k not in ("intermediate_size", "projection_dim")}
    kind = "Dinov2WithRegisters" if more else "Dinov2"
    config = getattr(t, f"{kind}Config")(**several, **more)
    return save(getattr(t, f"{kind}Model")(config), folder, "BitImageProcessor")


def convnext(folder: Path) -> Path:
    """With a classifier on top, as the hub has it: its tensors are part of what is saved."""
    t = transformers()
    config = t.ConvNextConfig(hidden_sizes=[8, 12, 16, 20], depths=[1, 1, 1, 1], num_labels=3)
    made = save(t.ConvNextForImageClassification(config), folder, "ConvNextImageProcessor")
    settings = {**PROCESSOR, "image_processor_type": "ConvNextImageProcessor", "crop_pct": 0.875}
    del settings["do_center_crop"], settings["crop_size"]
    (made / "preprocessor_config.json").write_text(json.dumps(settings))
    return made


def bert(folder: Path) -> Path:
    t = transformers()
    config = t.BertConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        vocab_size=40, max_position_embeddings=12,
    )  # fmt: skip
    return with_tokenizer(save(t.BertModel(config), folder), start="<s>", end="</s>", pad="<p>")


def gpt2(folder: Path) -> Path:
    """A model that reads forward alone, without a token for padding."""
    t = transformers()
    config = t.GPT2Config(
        n_embd=16, n_layer=3, n_head=2, vocab_size=40, n_positions=16, bos_token_id=0,
        eos_token_id=0,
    )  # fmt: skip
    with_tokenizer(save(t.GPT2Model(config), folder), start="<s>", end="<s>", pad="<s>")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def wav2vec2(folder: Path) -> Path:
    """Hear 16 kHz; a hidden state every 20 samples, of two layers and the first."""
    t = transformers()
    config = t.Wav2Vec2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(8, 8), conv_stride=(5, 4), conv_kernel=(10, 4), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, vocab_size=8,
    )  # fmt: skip
    made = save(t.Wav2Vec2Model(config), folder)
    settings = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16000,
                "feature_size": 1, "do_normalize": True, "return_attention_mask": True,
                "padding_value": 0.0}  # fmt: skip
    (made / "preprocessor_config.json").write_text(json.dumps(settings))
    return made


def with_tokenizer(folder: Path, start: str, end: str, pad: str) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    known = {w: i for i, w in enumerate(dict.fromkeys([start, end, pad, "<u>", *WORDS]))}
    tokenizer = Tokenizer(models.WordLevel(known, unk_token="<u>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}", special_tokens=[(one, known[one]) for one in (start, end)]
    )
    fast = transformers().PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<u>", pad_token=pad, bos_token=start, eos_token=end
    )
    fast.save_pretrained(folder)
    return folder
