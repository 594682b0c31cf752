"""Networks of transformers and diffusers from a folder of weights, every tensor in its place.

No code of a repository is run, and nothing is looked for in the network.
"""

import contextlib
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import read_json
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.core.training import Device, resolve_device
from neurodecode.data.weights import Checkpoint, Weights

Processor = Literal["AutoImageProcessor", "AutoTokenizer", "AutoFeatureExtractor"]
_CALLED: Mapping[Processor, str] = {
    "AutoImageProcessor": "image processor",
    "AutoTokenizer": "tokenizer",
    "AutoFeatureExtractor": "feature extractor",
}
_SHOWN = 6  # names of tensors in a message
# Networks that diffusers keeps to one pipeline.
_ELSEWHERE = {
    "UNetFlatConditionModel": (
        "diffusers.pipelines.deprecated.versatile_diffusion.modeling_text_unet"
    )
}


def load_model(weights: Weights, device: Device, *, purpose: str) -> Any:
    """Give the model of transformers that its configuration names, in float32 and for use.

    Parameters
    ----------
    weights : Weights
    device : {"auto", "cpu", "cuda"}
    purpose : str
        How messages name who needs it.

    Raises
    ------
    DataMissing
        If a file is not there.
    DataError
        If tensors are missing, left over, or of another shape than the model's.
    """
    transformers = import_hugging_face("transformers", purpose=purpose)
    torch = import_hugging_face("torch", purpose=purpose)
    weights.need("config.json")
    cls = _class_of(weights, transformers)
    model = _loaded(cls, weights, transformers, dtype=torch.float32)
    return model.to(resolve_device(device))


def load_part(weights: Weights, kind: str, dtype: Any, *, purpose: str) -> Any:
    """Give a network of diffusers, such as a U-Net or an auto-encoder, for use on the CPU.

    Parameters
    ----------
    weights : Weights
        Of the part alone: a subfolder of a pipeline's.
    kind : str
        Name of its class, as its configuration has it: ``UNet2DConditionModel``.
    dtype : torch.dtype
    purpose : str
        How messages name who needs it.

    Raises
    ------
    DataMissing
        If a file is not there.
    DataError
        If tensors are missing, left over, or of another shape than the model's.
    """
    diffusers = import_hugging_face("diffusers", purpose=purpose)
    weights.need("config.json")
    where = import_hugging_face(_ELSEWHERE.get(kind, "diffusers"), purpose=purpose)
    # Only without low_cpu_mem_usage are tensors of another shape listed with the others.
    return _loaded(
        getattr(where, kind), weights, diffusers, torch_dtype=dtype, low_cpu_mem_usage=False
    )


def load_processor(weights: Weights, kind: Processor, **how):
    """Give the image processor, tokenizer or audio feature extractor beside the weights.

    Raises
    ------
    DataError
        If it cannot be made of the files that are there.
    """
    transformers = import_hugging_face("transformers", purpose=f"weights {weights.name!r}")
    with quiet(transformers):
        try:
            return getattr(transformers, kind).from_pretrained(
                weights.folder, local_files_only=True, trust_remote_code=False, **how
            )
        except Exception as error:  # of a damaged file a library may raise anything
            first = str(error).strip().partition("\n")[0][:200]
            what = _CALLED[kind]
            raise DataError(
                f"weights {weights.name!r}: {weights.folder} gives no {what} "
                f"({type(error).__name__}: {first}). Save it there with save_pretrained."
            ) from error


def load_checkpoint(model: Any, checkpoint: Checkpoint, unused: Sequence[str] = ()) -> Any:
    """Give a network the weights of a file, every tensor in its place, for use.

    Parameters
    ----------
    model : torch Module
    checkpoint : Checkpoint
        As torch saves it, read as weights alone: no object of a pickle is made. Names may begin
        with ``module.``, as those of a network that was trained in parallel do.
    unused : sequence of str
        Beginnings of the names of weights that do not count: they may be lacking, or be left over.

    Raises
    ------
    DataError
        If it holds no weights, or tensors are missing, left over, or of another shape.
    """
    torch = import_hugging_face("torch", purpose=f"weights {checkpoint.name!r}")
    try:
        found = torch.load(checkpoint.path, map_location="cpu", weights_only=True)
        found = found.get("state_dict", found)
        found = {name.removeprefix("module."): tensor for name, tensor in found.items()}
        shapes = {name: tensor.shape for name, tensor in found.items()}
    except Exception as error:  # as above
        first = str(error).strip().partition("\n")[0][:200]
        raise DataError(
            f"weights {checkpoint.name!r}: {checkpoint.path} is no file of weights as torch saves "
            f"them ({type(error).__name__}: {first}). Save the state_dict of the network there."
        ) from error
    own = model.state_dict()

    def counts(name: str) -> bool:
        # Old releases did not save how many batches were seen; nothing is computed from it.
        return not name.startswith(tuple(unused)) and not name.endswith("num_batches_tracked")

    told = {
        "missing_keys": [name for name in own if counts(name) and name not in found],
        "unexpected_keys": [name for name in found if counts(name) and name not in own],
        "mismatched_keys": [
            (name,) for name in own if counts(name) and shapes.get(name, own[name].shape)
            != own[name].shape
        ],
        "error_msgs": [],
    }  # fmt: skip
    _check_tensors(
        model, told, checkpoint, sum(map(counts, own)), "fetch the file again, or name another."
    )
    model.load_state_dict({name: found[name] for name in own if counts(name)}, strict=False)
    return model.eval().requires_grad_(False)


@contextlib.contextmanager
def quiet(library: Any) -> Generator[None]:
    """Keep a library's bars and reports to itself: what they say is checked, and said, here."""
    logging = library.utils.logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _loaded(cls: Any, weights: Weights, library: Any, **how: Any) -> Any:
    with quiet(library):
        try:
            model, told = cls.from_pretrained(
                weights.folder,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # so that they are listed with the others
                **how,
            )
        except Exception as error:  # as above
            first = str(error).strip().partition("\n")[0][:200]
            raise DataError(
                f"weights {weights.name!r}: {weights.folder} cannot be loaded as {cls.__name__} "
                f"({type(error).__name__}: {first}). Fetch its files again."
            ) from error
    _check_tensors(model, told, weights, len(model.state_dict()))
    return model.eval().requires_grad_(False)


def _class_of(weights: Weights, transformers: Any) -> Any:
    """Find the class that the weights were saved from; only that one takes every tensor."""
    named = read_json(weights.folder / "config.json").get("architectures") or [""]
    cls = getattr(transformers, str(named[0]), None)
    if not (isinstance(cls, type) and issubclass(cls, transformers.PreTrainedModel)):
        raise ConfigError(
            f"weights {weights.name!r}: config.json names the architecture {named[0]!r}, which "
            f"transformers {transformers.__version__} does not have. Code of a repository is not "
            "run; use a model that transformers knows, or a newer release."
        )
    return cls


def _check_tensors(
    model: Any,
    told: Mapping[str, Any],
    weights: Weights | Checkpoint,
    n_all: int,
    advice: str = "fetch them again, or correct config.json.",
) -> None:
    wrong = {
        "missing": sorted(told["missing_keys"]),
        # Older releases saved this count from 0 on; the model makes it itself.
        "left over": sorted(k for k in told["unexpected_keys"] if not k.endswith("position_ids")),
        "of another shape": sorted(str(key[0]) for key in told["mismatched_keys"]),
    }
    if not any(wrong.values()) and not told["error_msgs"]:
        return
    n_lost = len(wrong["missing"]) + len(wrong["of another shape"])
    said = "; ".join(
        f"{len(names)} {what}: {', '.join(names[:_SHOWN])}{' …' if len(names) > _SHOWN else ''}"
        for what, names in wrong.items()
        if names
    )
    raise DataError(
        f"weights {weights.name!r}: {n_all - n_lost} of {n_all} tensors of "
        f"{type(model).__name__} matched; {said or told['error_msgs'][0]}. These are not the "
        f"weights of that model; {advice}"
    )
