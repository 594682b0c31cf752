"""What is done with the vectors of a model of transformers."""

from typing import Any, Literal

Normalize = Literal["none", "l2", "first_token"]


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
