"""What networks share as functions: fit through the one loop, and answer in batches.

A fitted network keeps its weights as arrays (`weights_`), so that it is copied, pickled and stored
like any estimator; the torch module is made of them when it is asked.
"""

import warnings
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils.validation import check_is_fitted, validate_data

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError, NeurodecodeError
from neurodecode.core.training import resolve_device, training_place
from neurodecode.core.trials import Trials
from neurodecode.nn.standardize import Standardized
from neurodecode.train.chance import seeded
from neurodecode.train.feeding import on
from neurodecode.train.loop import Loss, Trained, precision, train
from neurodecode.train.losses import accuracy, cross_entropy, squared_error
from neurodecode.train.moments import channel_moments
from neurodecode.train.source import Source, check_finite, inputs_of
from neurodecode.train.training import Training


def fit(
    model: Any, X: Any, y: Any, val: tuple[Any, Any] | None, init: Any, training: Training
) -> Any:
    """Train the module that ``model._module()`` makes, and give the model what it learnt.

    Parameters
    ----------
    model : scikit-learn estimator
        With ``_build(shape, n_outputs, sfreq) -> torch Module``, ``random_state`` and
        ``class_weight``.
    X : ndarray or Trials, shape (n_trials, …)
    y : ndarray
        Whole numbers are codes of classes, shape (n_trials,); other numbers are targets, shape
        (n_trials, …).
    val : tuple of X and y, or None
    init : fitted estimator of the same class, or None
        Whose weights training starts from.
    training : Training
    """
    inputs, y = _checked(model, X, y)
    is_label = y.dtype.kind in "iub"
    model.shape_ = _trial_shape(inputs)
    model.sfreq_ = _sfreq(X)
    if is_label:
        model.classes_, codes = np.unique(y, return_inverse=True)
        if len(model.classes_) < 2:
            raise DataError(f"fit: all {len(y)} trials are of one class. Two are needed.")
        told: np.ndarray = codes.astype(np.int64)
        model.n_outputs_ = len(model.classes_)
        model.output_shape_ = (model.n_outputs_,)
    else:
        model.classes_ = None
        model.y_shape_ = y.shape[1:]
        model.y_mean_, model.y_scale_ = _target_moments(y)
        told = _in_units_of_training(model, y)
        model.n_outputs_ = told.shape[1]
        model.output_shape_ = told.shape[1:]
    source = Source({"X": inputs, "y": told})
    held_out = None if val is None else _val_source(model, *val)
    seed = int(check_random_state(model.random_state).randint(2**31))
    with seeded(seed, 0):
        module = _start(model, source, init)
        _check_output(module, source, model.shape_, model.output_shape_)
    loss = cross_entropy(_class_weight(model, told)) if is_label else squared_error
    metric = accuracy if is_label else None
    trained = train_in_place(
        model, module, loss, source, training, seed=seed, val=held_out, metric=metric
    )
    model.weights_ = arrays_of(module)
    model.__dict__.pop("_made", None)
    keep_history(model, trained, training)
    return model


def scores(model: Any, X: Any) -> np.ndarray:
    """Give what the fitted module says of each trial, shape (n_trials, …), in float64."""
    check_is_fitted(model)
    inputs, _ = _checked(model, X, None)
    shape = _trial_shape(inputs)
    if shape != model.shape_:
        raise DataError(
            f"predict: trials of shape {shape}, and the network was trained on {model.shape_}. "
            "Use the same channels and window."
        )
    source = Source({"X": inputs})
    device = resolve_device(training_place().device)
    module = module_of(model).to(device)
    # Made beforehand: small arrays between the batches would keep the memory of each from the next.
    found = np.zeros((len(source), *model.output_shape_))
    # A stranger's module may draw while it answers: asked again, it shall answer as before.
    with torch.inference_mode(), precision(device), seeded(0, 0):
        for index in source.in_order():
            batch = source.read(index)
            check_finite(batch["X"].numpy(), index, len(source), "predict")
            found[index] = module(on(batch, device)["X"]).float().cpu().numpy()
    return found


def probabilities(model: Any, X: Any) -> np.ndarray:
    """Give the probability of each class, shape (n_trials, n_classes)."""
    found = scores(model, X)
    above = np.exp(found - found.max(axis=1, keepdims=True))
    return above / above.sum(axis=1, keepdims=True)


def predict(model: Any, X: Any) -> np.ndarray:
    """Give the most probable class, or the target in its own units."""
    found = scores(model, X)
    if model.classes_ is not None:
        return model.classes_[found.argmax(axis=1)]
    return found.reshape(len(found), *model.y_shape_) * model.y_scale_ + model.y_mean_


def module_of(model: Any) -> torch.nn.Module:
    """Give the fitted torch module, ready to answer; made once of the weights."""
    if "_made" not in model.__dict__:
        weights = {k: torch.from_numpy(np.array(v)) for k, v in model.weights_.items()}
        with seeded(0, 0):  # what it draws is overwritten
            module = _scaled(
                model, model.weights_["mean"], model.weights_["scale"], model.n_outputs_
            )
        module.load_state_dict(weights)
        model._made = module.eval()
    return model._made


def state_without_module(state: Any) -> dict[str, Any]:
    """Give the state of an estimator without the torch module, which its weights make again."""
    return {name: value for name, value in state.items() if name != "_made"}


def training_of(model: Any) -> Training:
    """Gather the arguments of training from an estimator that has them as its own."""
    return Training(**{n: getattr(model, n) for n in Training.names() if hasattr(model, n)})


def _checked(model: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """Hold what `fit` or `predict` is handed to being trials; reads nothing of `Trials`."""
    if isinstance(X, Trials):
        inputs = inputs_of(X)
    else:
        # Whether values are finite is looked at where they are read, a batch at a time.
        how: Any = {"allow_nd": True, "ensure_all_finite": False}
        first = y is not None
        inputs = validate_data(model, X, reset=first, ensure_min_samples=int(first), **how)
    if y is None:
        return inputs, None
    y = np.asarray(y)
    if len(y) != len(X):
        raise DataError(f"fit: {len(X)} trials and {len(y)} targets. Give one a trial.")
    if y.dtype.kind not in "iubf" or (y.dtype.kind == "f" and not np.isfinite(y).all()):
        raise DataError("fit: targets are no finite numbers. Give codes of classes, or values.")
    return inputs, y


def _trial_shape(inputs: Any) -> tuple[int, ...]:
    if isinstance(inputs, np.ndarray):
        return tuple(int(n) for n in inputs.shape[1:])
    return tuple(int(n) for n in inputs.piece(0).shape)


def _sfreq(X: Any) -> float | None:
    return X.signal().used()[0].sfreq if isinstance(X, Trials) else None


def _in_units_of_training(model: Any, y: np.ndarray) -> np.ndarray:
    """Targets less their mean, by their scale; of one number a trial, shape (n_trials, 1)."""
    scaled = (y - model.y_mean_) / model.y_scale_
    return scaled.reshape(-1, 1) if scaled.ndim == 1 else scaled


def _target_moments(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of each target; of a series over its samples too, which share them."""
    axes = (0, 2) if y.ndim == 3 else (0,)
    mean, scale = (f(y, axis=axes, keepdims=True)[0] for f in (np.mean, np.std))
    return mean, np.where(scale > 0, scale, 1.0)


def _val_source(model: Any, X: Any, y: Any) -> Source | None:
    y = np.asarray(y)
    if len(y) == 0:
        return None
    inputs = inputs_of(X) if isinstance(X, Trials) else np.asarray(X)
    if _trial_shape(inputs) != model.shape_:
        raise DataError(
            f"fit: validation trials of shape {_trial_shape(inputs)}, and training trials of "
            f"{model.shape_}."
        )
    if model.classes_ is None:
        return Source({"X": inputs, "y": _in_units_of_training(model, y)})
    strange = sorted(set(np.unique(y).tolist()) - set(model.classes_.tolist()))
    if strange:
        raise DataError(
            f"fit: validation trials are of class {strange[0]!r}, of which there is no training "
            "trial. Give trials of all classes to train on."
        )
    return Source({"X": inputs, "y": np.searchsorted(model.classes_, y).astype(np.int64)})


def _start(model: Any, source: Source, init: Any) -> torch.nn.Module:
    """Give the module that training starts from."""
    module = _scaled(model, *channel_moments(source), model.n_outputs_)
    if init is not None:
        _take_weights(module, model, init)
    return module


def _take_weights(module: torch.nn.Module, model: Any, init: Any) -> None:
    """Give a module the weights of a fitted network; where it has other outputs, all but those.

    Raises
    ------
    ConfigError
        If `init` is no fitted network of this architecture.
    """
    name = type(model).__name__
    if type(init) is not type(model) or not hasattr(init, "weights_"):
        raise ConfigError(
            f"init: training of {name} starts from a fitted {name}, and this is "
            f"{'an unfitted' if type(init) is type(model) else 'a'} {type(init).__name__}."
        )
    if init.shape_ != model.shape_:
        raise ConfigError(
            f"init: it was trained on trials of shape {init.shape_}, and these are {model.shape_}."
        )
    theirs = init.weights_
    # Only what the number of outputs shapes may differ: with theirs, all would have their shapes.
    alike = _scaled(model, theirs["mean"], theirs["scale"], init.n_outputs_).state_dict()
    shapes = {k: tuple(v.shape) for k, v in alike.items()}
    odd = sorted(
        k for k in {*shapes, *theirs} if k not in theirs or shapes.get(k) != np.shape(theirs[k])
    )
    if odd:
        raise ConfigError(
            f"init: its weights are of another architecture (see {odd[0]!r}). Use the same "
            "arguments as it was made with."
        )
    own = module.state_dict()
    weights = {
        k: torch.from_numpy(np.array(v))
        for k, v in theirs.items()
        if tuple(own[k].shape) == np.shape(v)
    }
    module.load_state_dict({**own, **weights})


def _scaled(model: Any, mean: np.ndarray, scale: np.ndarray, n_outputs: int) -> torch.nn.Module:
    try:
        module = model._build(model.shape_, n_outputs, model.sfreq_)
    except NeurodecodeError:
        raise
    except Exception as error:  # a stranger's module, or torch of an argument, fails in any way
        raise ConfigError(
            f"{getattr(model, 'module', type(model)).__name__} cannot be made for trials of shape "
            f"{model.shape_} ({type(error).__name__}: {error}). Look at its arguments."
        ) from error
    return Standardized(module, mean, scale)


def _check_output(
    module: torch.nn.Module,
    source: Source,
    shape: tuple[int, ...],
    output_shape: tuple[int, ...],
) -> None:
    """Hold the module to giving what the loss takes, before anything is trained."""
    n = min(2, len(source))
    wanted = (n, *output_shape)
    module.eval()
    try:
        said: Any = module(source.read(np.arange(n))["X"])
    except Exception as error:  # a stranger's module may fail in any way
        raise ConfigError(
            f"the module fails on trials of shape {shape} ({type(error).__name__}: {error}). Look "
            "at its arguments."
        ) from error
    found = tuple(said.shape) if isinstance(said, torch.Tensor) else type(said).__name__
    if found != wanted:
        raise ConfigError(
            f"the module gives {found} for {n} trials, and {wanted} is needed: a score for each "
            "class, or the shape of the targets."
        )
    if not said.requires_grad:
        raise ConfigError(
            "nothing can be learnt: what the module gives has no gradient to any weight. Give it "
            "weights (requires_grad), and keep detach and no_grad out of its forward."
        )


def _class_weight(model: Any, codes: np.ndarray) -> torch.Tensor | None:
    if model.class_weight is None:
        return None
    if model.class_weight != "balanced":
        raise ConfigError(
            f"class_weight is {model.class_weight!r}; give balanced, or leave it out."
        )
    weight = compute_class_weight("balanced", classes=np.unique(codes), y=codes)
    return torch.from_numpy(weight.astype(np.float32))


def arrays_of(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """Give the weights of a module as arrays of their own."""
    return {k: v.detach().cpu().numpy().copy() for k, v in module.state_dict().items()}


def train_in_place(
    model: Any,
    module: torch.nn.Module,
    loss: Loss,
    source: Source,
    training: Training,
    *,
    seed: int,
    val: Source | None = None,
    metric: Loss | None = None,
    content: Sequence[str] = (),
    part: str = "",
) -> Trained:
    """Train a module where the caller of `fit` has said: device, folder of checkpoints and label.

    A checkpoint is gone on from only by the same arguments, data, first weights and device.

    Parameters
    ----------
    model : scikit-learn estimator
        Whose arguments name the checkpoint.
    module, loss, source, training, seed, val, metric
        As `neurodecode.train.loop.train` takes them.
    content : sequence of str
        Digests of what the loss reads and neither source holds.
    part : str
        Of the model, where it has several that are trained.

    Returns
    -------
    trained : Trained
    """
    place = training_place()
    device = resolve_device(place.device)
    identity = ""
    if place.folder is not None:
        identity = digest(
            [
                repr(model.get_params(deep=False)),
                source.key(),
                None if val is None else val.key(),
                {k: digest_array(v) for k, v in arrays_of(module).items()},
                device,
                [part, seed, *content],
            ]
        )
    label = f"{place.label}, {part}" if place.label and part else place.label
    return train(
        module, loss, source, training, val=val, metric=metric, seed=seed, device=device,
        folder=place.folder, identity=identity, label=label,
    )  # fmt: skip


def keep_history(model: Any, trained: Trained, training: Training) -> None:
    """Give a model what its training said, and warn where that had not converged."""
    rows = [asdict(one) for one in trained.history]
    model.history_ = {
        name: np.array([np.nan if row[name] is None else row[name] for row in rows])
        for name in rows[0]
    }
    model.n_epochs_ = len(rows)
    model.best_epoch_ = trained.best_epoch
    model.converged_ = trained.converged
    if not trained.converged:
        warnings.warn(
            f"not converged: training ended with pass {model.n_epochs_} of {training.max_epochs}, "
            f"the best is {trained.best_epoch}, and patience waits for {training.patience} after "
            "it. Give more max_epochs; until then its score says little of the model.",
            ConvergenceWarning,
            stacklevel=4,  # who called `fit` of the estimator
        )
