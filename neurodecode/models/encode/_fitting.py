"""What readouts share as functions: fit through the one loop, and answer in batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError, DataError, NeurodecodeError
from neurodecode.core.training import resolve_device, training_place
from neurodecode.core.trials import Trials
from neurodecode.models.encode._readout import MOST_NUMBERS
from neurodecode.models.networks._module import training_of
from neurodecode.models.networks._network import arrays_of, keep_history, train_in_place
from neurodecode.nn.feature_maps import FeatureMap, MapShape
from neurodecode.train.chance import seeded
from neurodecode.train.feeding import on
from neurodecode.train.loop import precision
from neurodecode.train.losses import squared_error
from neurodecode.train.source import Batch, Source, check_finite, inputs_of
from neurodecode.train.training import Training


def fit(model: Any, X: Any, y: Any, val: Any, more: Mapping[str, Any] | None = None) -> Any:
    """Train the module of a readout, and give the model what it learnt.

    Parameters
    ----------
    model : Readout
    X : ndarray or Trials
    y : ndarray, shape (n_trials,) or (n_trials, n_targets)
    val : tuple of X and y, or None
    more : mapping, optional
        What else the module is made from, plain data beside sizes.
    """
    training = recipe_of(model)
    inputs, shape = _maps(model, X, first=True)
    y = _targets(X, y)
    model.one_ = y.ndim == 1
    y = y.reshape(len(y), -1)
    model.y_mean_, scale = y.mean(axis=0), y.std(axis=0)
    is_rate = getattr(model, "loss", "gaussian") == "poisson"
    if is_rate:
        model.y_mean_, scale = np.zeros_like(scale), model.y_mean_
    model.y_scale_ = np.where(scale > 0, scale, 1.0)
    model.made_ = {
        "stored": shape.stored,
        "channels": shape.channels,
        "grid": shape.grid,
        "n_prefix": shape.n_prefix,
        "n_targets": y.shape[1],
        **(more or {}),
    }
    source, held_out = Source({"X": inputs, "y": _scaled(model, y)}), None
    if val is not None and len(val[0]):
        inputs_val, shape_val = _maps(model, val[0], first=False)
        _check_shape(shape, shape_val)
        y_val = _targets(*val)
        held_out = Source({"X": inputs_val, "y": _scaled(model, y_val.reshape(len(y_val), -1))})
    seed = int(check_random_state(model.random_state).randint(2**31))
    moments = channel_moments(source, shape)
    with seeded(seed, 0):
        module = FeatureMap(_built(model), shape, *moments)
    trained = train_in_place(
        model, module, poisson if is_rate else loss, source, training, seed=seed, val=held_out
    )
    model.weights_ = arrays_of(module)
    model.__dict__.pop("_made", None)
    model.attended_ = _attended(module, source, resolve_device(training_place().device))
    keep_history(model, trained, training)
    return model


def recipe_of(model: Any) -> Training:
    """Give the recipe of the preset, with what was said otherwise."""
    if model.preset not in model.recipes:
        words = " or ".join(model.recipes)
        raise ConfigError(f"{name_of(model)}: preset is {model.preset!r}; give {words}.")
    return training_of({**model.recipes[model.preset], **(model.training or {})})


def loss(module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """Mean squared difference, and in training what the readout adds to it."""
    value, n = squared_error(module, batch)
    return (value + module.penalty() if module.training else value), n  # type: ignore[operator]


def poisson(module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
    """Mean negative log-likelihood of counts, up to what no rate changes; the rest as `loss`."""
    value = torch.nn.functional.poisson_nll_loss(module(batch["X"]), batch["y"], log_input=False)
    value = value + module.penalty() if module.training else value  # type: ignore[operator]
    return value, float(len(batch["y"]))


def predict(model: Any, X: Any) -> np.ndarray:
    """Give what each target answers, shape (n_trials, n_targets), in float64."""
    check_is_fitted(model)
    said = in_batches(model, X, lambda module, batch: module(batch), model.y_mean_.shape)
    said = said * model.y_scale_ + model.y_mean_
    return said[:, 0] if model.one_ else said


def in_batches(model: Any, X: Any, ask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Ask the fitted module about stimuli, some at a time.

    Parameters
    ----------
    model : Readout
    X : ndarray or Trials
    ask : callable
        ``ask(module, batch of stimuli) -> Tensor of shape (n_batch, *shape)``.
    shape : tuple of int

    Returns
    -------
    said : ndarray, shape (n_trials, *shape)
    """
    check_is_fitted(model)
    inputs, found = _maps(model, X, first=False)
    _check_shape(shape_of(model), found)
    source = Source({"X": inputs})
    device = resolve_device(training_place().device)
    module = module_of(model).to(device)
    said = np.zeros((len(source), *shape))
    with torch.inference_mode(), precision(device):
        for index in source.in_order():
            batch = source.read(index)
            check_finite(batch["X"].numpy(), index, len(source), "predict")
            said[index] = ask(module, on(batch, device)["X"]).float().cpu().numpy()
    return said


def attention(model: Any, X: Any) -> np.ndarray:
    """Give what is attended to in each stimulus, shape (n_trials, n_queries, height, width)."""
    check_is_fitted(model)
    shape = len(_queries(module_of(model))), shape_of(model).n_tokens

    def ask(module: Any, batch: torch.Tensor) -> torch.Tensor:
        return module.readout.attention(module.tokens(batch))

    attended = in_batches(model, X, ask, shape)
    return attended.reshape(*attended.shape[:2], *model.made_["grid"])


def spatial_maps(model: Any) -> np.ndarray:
    """Give how much each target or query weighs each place, shape (n, height, width).

    Of a readout that is moved by what is shown, the mean over training stimuli.
    """
    if hasattr(module_of(model).readout, "attention"):
        return model.attended_
    with torch.inference_mode():
        readout = module_of(model).readout
        maps = readout.maps().double().cpu().numpy()
    return maps.reshape(len(maps), *readout.shape.grid)


def shape_of(model: Any) -> MapShape:
    """Give the shape of the maps that a fitted model was trained on."""
    made = model.made_
    return MapShape(made["stored"], made["channels"], made["grid"], made["n_prefix"])


def module_of(model: Any) -> Any:
    """Give the fitted torch module, ready to answer; made once of the weights."""
    check_is_fitted(model)
    if "_made" not in model.__dict__:
        weights = {k: torch.from_numpy(np.array(v)) for k, v in model.weights_.items()}
        with seeded(0, 0):  # what it draws is overwritten
            readout = _built(model)
        moments = model.weights_["mean"], model.weights_["scale"]
        module = FeatureMap(readout, shape_of(model), *moments)
        module.load_state_dict(weights)
        model._made = module.eval()
    return model._made


def channel_moments(source: Source, shape: MapShape) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and standard deviation of each channel over stimuli and places.

    Batches are merged by their means, as `neurodecode.train.moments.channel_moments` does.

    Raises
    ------
    DataError
        If a map holds what is no finite number.
    """
    n, mean, squares = 0.0, np.zeros(shape.n_channels), np.zeros(shape.n_channels)
    for index in source.in_order():
        X = source.read(index)["X"]
        check_finite(X.numpy(), index, len(source), "training")
        tokens = shape.tokens(X.double()).reshape(-1, shape.n_channels).numpy()
        m, own = float(len(tokens)), tokens.mean(axis=0)
        squares += np.square(tokens - own).sum(axis=0) + np.square(own - mean) * (n * m / (n + m))
        mean += (own - mean) * (m / (n + m))
        n += m
    scale = np.sqrt(squares / n)
    return mean, np.where(scale > 0, scale, 1.0)


def _queries(module: Any) -> torch.Tensor:
    return module.readout.queries


def _attended(module: Any, source: Source, device: str) -> np.ndarray:
    """Give the mean attention over stimuli, (n_queries, height, width); none where too large."""
    shape = module.shape
    if not hasattr(module.readout, "attention"):
        return np.zeros((0, *shape.grid))
    n_queries = len(_queries(module))
    if n_queries * shape.n_tokens > MOST_NUMBERS:
        return np.zeros((0, *shape.grid))
    total = np.zeros((n_queries, shape.n_tokens))
    with torch.inference_mode(), precision(device):
        for index in source.in_order():
            X = on(source.read(index), device)["X"]
            total += module.readout.attention(module.tokens(X)).double().sum(dim=0).cpu().numpy()
    return (total / len(source)).reshape(n_queries, *shape.grid)


def _maps(model: Any, X: Any, *, first: bool) -> tuple[Any, MapShape]:
    """Hold what is handed over to being maps; reads nothing of `Trials`."""
    if isinstance(X, Trials):
        inputs = inputs_of(X)
        stored = Entries.of_signal(X.signal()).shape[1:]
    else:
        how: Any = {"allow_nd": True, "ensure_all_finite": False}
        inputs = validate_data(model, X, reset=first, ensure_min_samples=int(first), **how)
        stored = np.shape(inputs)[1:]
    return inputs, shape_in(model, stored)


def shape_in(model: Any, stored: Sequence[int]) -> MapShape:
    """Read what is stored of a stimulus as a map, as the model's arguments say."""
    shape = tuple(int(n) for n in stored)
    if model.reads_pictures and len(shape) == 2:  # grey
        shape = (*shape, 1)
    if model.reads_pictures and len(shape) != 3:
        raise DataError(
            f"{name_of(model)} reads pictures, and was handed features of shape {shape}. Declare "
            "pixels under features, or name a track of pictures."
        )
    return MapShape.of(shape, model.channels, model.grid, model.n_prefix)


def _check_shape(shape: MapShape, found: MapShape) -> None:
    if found != shape:
        raise DataError(
            f"maps of shape {found.stored}, and the readout was trained on {shape.stored}. Use the "
            "same layer and size."
        )


def name_of(model: Any) -> str:
    """Give the name that files know a model by."""
    return type(model).__module__.removeprefix("neurodecode.models.")


def _targets(X: Any, y: Any) -> np.ndarray:
    y = np.asarray(y, dtype=np.float64)
    if y.ndim not in (1, 2) or len(y) != len(X) or not np.isfinite(y).all():
        raise DataError(
            f"fit: targets of shape {y.shape} for {len(X)} trials; a row of finite numbers each is "
            "needed."
        )
    return y


def _scaled(model: Any, y: np.ndarray) -> np.ndarray:
    return ((y - model.y_mean_) / model.y_scale_).astype(np.float32)


def _built(model: Any) -> torch.nn.Module:
    try:
        return model._build(model.made_)
    except NeurodecodeError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:  # torch, of a size
        raise ConfigError(
            f"{name_of(model)} cannot be made for maps of shape {model.made_['stored']} "
            f"({type(error).__name__}: {error}). Look at its arguments."
        ) from error
