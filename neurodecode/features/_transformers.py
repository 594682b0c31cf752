"""What is done with the vectors of a model of transformers."""

from collections.abc import Sequence
from typing import Any, Literal

from neurodecode.core.errors import ConfigError

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


def check_layers(feature: str, layers: Sequence[int], layer_said: bool, pooling: str) -> None:
    """Hold several layers to what they can be: numbers, of one vector each.

    Parameters
    ----------
    feature : str
        How a message names it.
    layers : sequence of int
    layer_said : bool
        Whether a single layer is asked for too.
    pooling : str

    Raises
    ------
    ConfigError
        If they are no different numbers, or have many tokens each.
    """
    if not layers:
        return
    if layer_said:
        raise ConfigError(f"{feature}: expected layer or layers, not both.")
    if any(isinstance(one, bool) or not isinstance(one, int) for one in layers):
        raise ConfigError(f"{feature}: layers: {list(layers)}: expected numbers of hidden_states.")
    if len(set(layers)) < len(layers):
        raise ConfigError(f"{feature}: layers: {list(layers)}: one is named twice.")
    if pooling in ("", "none"):
        raise ConfigError(f"{feature}: layers are vectors each. Give a pooling: mean, say.")


def hidden_state(states: Sequence[Any], layer: int, feature: str, weights: str) -> Any:
    """Give one of ``hidden_states``.

    Raises
    ------
    ConfigError
        If there are not so many.
    """
    if not -len(states) <= layer < len(states):
        raise ConfigError(
            f"{feature}: layer {layer}: {weights!r} has {len(states)} hidden_states. Give one of "
            f"{-len(states)} to {len(states) - 1}."
        )
    return states[layer]


def stacked_layers(vectors: Sequence[Any], feature: str) -> Any:
    """Give layers as one tensor, shape (n, n_layers, d).

    Raises
    ------
    ConfigError
        If they are not of one width, as those of convolutional networks are not.
    """
    import torch

    widths = [int(one.shape[-1]) for one in vectors]
    if len(set(widths)) > 1:
        raise ConfigError(
            f"{feature}: layers are {', '.join(map(str, widths))} numbers wide, so they are no one "
            "table. Declare a feature each."
        )
    return torch.stack(list(vectors), dim=1)
