"""What stands beside a model of transformers, and what is done with its vectors."""

from typing import Any, Literal

from neurodecode.core.errors import DataError
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.data.pretrained import quiet
from neurodecode.data.weights import Weights

Normalize = Literal["none", "l2", "first_token"]


def load_processor(weights: Weights, kind: Literal["AutoImageProcessor", "AutoTokenizer"], **how):
    """Give the image processor or tokenizer that lies beside the weights.

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
            what = "image processor" if kind == "AutoImageProcessor" else "tokenizer"
            raise DataError(
                f"weights {weights.name!r}: {weights.folder} gives no {what} "
                f"({type(error).__name__}: {first}). Save it there with save_pretrained."
            ) from error


def normalized(values: Any, normalize: Normalize) -> Any:
    """Divide vectors by lengths.

    Parameters
    ----------
    values : Tensor, shape (n, d) or (n, n_tokens, d)
    normalize : {"none", "l2", "first_token"}
        ``l2``: each vector, and each token, by its own length. ``first_token``: all tokens of a
        stimulus by the length of the first, as Versatile Diffusion has it.
    """
    if normalize == "none":
        return values
    length = values.norm(dim=-1, keepdim=True)
    return values / (length if normalize == "l2" else length[:, :1])
