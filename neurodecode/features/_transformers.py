"""Models of transformers: where their weights are, and what is done with their vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from neurodecode.core.errors import ConfigError
from neurodecode.core.training import Device
from neurodecode.data.pretrained import load_model, load_processor
from neurodecode.data.weights import Weights, find_weights
from neurodecode.features._contract import Feature

Normalize = Literal["none", "l2", "first_token"]


class FromWeights(Feature):
    """A feature of weights that are on this machine.

    Attributes
    ----------
    needed : tuple of str
        Files that lie beside the tensors.
    """

    needed: ClassVar[tuple[str, ...]]
    weights: str
    revision: str

    def hashes(self, cache: Path) -> Mapping[str, str]:
        """Give SHA-256 of every file of the weights; none of those that are loaded is missing."""
        return self.found().hashes(cache)

    def found(self) -> Weights:
        """Find the weights.

        Raises
        ------
        DataMissing
            If they, or files of theirs, are not on this machine.
        """
        found = find_weights(self.weights, self.revision)
        found.need(*self.needed)
        return found


@dataclass(frozen=True, eq=False)
class TextModel:
    """A text model, opened: the model, its tokenizer, and the part that reads."""

    model: Any
    tokenizer: Any
    tower: Any

    @staticmethod
    def open(asked: FromWeights, device: Device, feature: str) -> "TextModel":
        """Load it, every tensor in its place.

        Raises
        ------
        ConfigError
            If it is no text model.
        """
        weights = asked.found()
        model = load_model(weights, device, purpose=feature)
        tokenizer = load_processor(weights, "AutoTokenizer")
        if tokenizer.pad_token is None:  # of GPT-2: what is padded is masked
            tokenizer.pad_token = tokenizer.eos_token
        tower = getattr(model, "text_model", None) or model.base_model
        if tower.main_input_name != "input_ids":
            raise ConfigError(
                f"{feature}: weights {asked.weights!r} are of {type(model).__name__}, which takes "
                "no texts. For pictures there is hf_vision."
            )
        return TextModel(model, tokenizer, tower)

    @property
    def most_tokens(self) -> int:
        """Tokens that it takes; 2 ** 20 and more where nothing says how many."""
        known = getattr(self.tower.config, "max_position_embeddings", 1 << 30)
        return min(self.tokenizer.model_max_length, known)


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
