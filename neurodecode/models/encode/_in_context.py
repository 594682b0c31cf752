"""How an in-context encoder is trained on voxels of people, and asked for weights."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.utils import check_random_state

from neurodecode.core.digest import digest_array
from neurodecode.core.errors import ConfigError, NeurodecodeError
from neurodecode.core.training import resolve_device, training_place
from neurodecode.models.encode._people import Person
from neurodecode.models.networks._module import training_of
from neurodecode.models.networks._network import arrays_of, keep_history, train_in_place
from neurodecode.nn.in_context import InContext
from neurodecode.train.chance import seeded
from neurodecode.train.loop import precision
from neurodecode.train.source import Batch, Source

_HELD_OUT = 10  # one voxel of ten is validated on
_MOST_VOXELS = 256  # that are asked at once


class Episodes:
    """The loss of an in-context encoder: voxels, each with a context and new stimuli of its own.

    A batch holds numbers of voxels. Each is given responses to some stimuli of its person, drawn
    anew, and is asked for others; the loss is the mean squared difference. In validation the same
    ones are drawn in every pass, with contexts of the middling size.

    Parameters
    ----------
    people : sequence of Person
        Features scaled as the module takes them, responses in their unit.
    n_context : tuple of int
        Least and largest context.
    n_queries : int
        Stimuli that are asked for.
    """

    def __init__(self, people: Sequence[Person], n_context: tuple[int, int], n_queries: int):
        longest = max(len(one.X) for one in people)
        n_features = people[0].X.shape[1]
        self.X = torch.zeros(len(people), longest, n_features)
        self.there = torch.zeros(len(people), longest, dtype=torch.bool)
        for i, one in enumerate(people):
            self.X[i, : len(one.X)] = torch.tensor(one.X, dtype=torch.float32)
            self.there[i, : len(one.X)] = True
        counts = torch.tensor([one.Y.shape[1] for one in people])
        self.person = torch.arange(len(people)).repeat_interleave(counts)
        self.Y = torch.zeros(len(self.person), longest)
        for i, one in enumerate(people):
            self.Y[self.person == i, : len(one.Y)] = torch.tensor(one.Y.T, dtype=torch.float32)
        shortest = min(len(one.X) for one in people)
        self.n_queries = max(1, min(n_queries, shortest // 2))
        most = shortest - self.n_queries
        self.n_context = min(n_context[0], most), min(n_context[1], most)

    def __call__(self, module: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
        """Give the loss of voxels, and how many they are."""
        voxel = batch["voxel"].cpu()
        low, high = self.n_context
        # In training of the source that the loop seeds pass by pass.
        own, n = torch.Generator().manual_seed(0), (low + high) // 2
        if module.training:
            own, n = None, int(torch.randint(low, high + 1, ()))
        order = torch.rand(len(voxel), self.there.shape[1], generator=own)
        order = order.masked_fill(~self.there[self.person[voxel]], 2.0).argsort(dim=1)
        order = order[:, : n + self.n_queries]
        X = self.X[self.person[voxel][:, None], order].to(batch["voxel"].device)
        Y = self.Y[voxel[:, None], order].to(batch["voxel"].device)
        weights = module(X[:, :n], Y[:, :n])
        said = (X[:, n:] * weights[:, None, :-1]).sum(dim=2) + weights[:, None, -1]
        return torch.nn.functional.mse_loss(said, Y[:, n:]), float(len(voxel))


def fit(model: Any, people: Mapping[str, Person]) -> None:
    """Train the module on voxels of people, and give the model what it learnt."""
    training = training_of({**model.recipes[model.preset], **(model.training or {})})
    scaled = [scale(model, one) for one in people.values()]
    episodes = Episodes(scaled, *model._contexts())
    seed = int(check_random_state(model.random_state).randint(2**31))
    order = np.random.default_rng(seed).permutation(len(episodes.person))
    n_val = len(order) // _HELD_OUT
    val, voxels = order[:n_val], order[n_val:]
    source = Source({"voxel": voxels})
    held_out = Source({"voxel": val}) if n_val else None
    with seeded(seed, 0):
        module = _built(model)
    content = [digest_array(array) for one in scaled for array in (one.X, one.Y)]
    trained = train_in_place(
        model, module, episodes, source, training, seed=seed, val=held_out, content=content
    )
    model.weights_ = arrays_of(module)
    model.__dict__.pop("_made", None)
    keep_history(model, trained, training)


def scale(model: Any, person: Person) -> Person:
    """Give responses mean zero and s.d. one over all training people."""
    return Person(person.X, (person.Y - model.y_mean_) / model.y_scale_)


def weights(model: Any, person: Person) -> np.ndarray:
    """Tell a person's weights from a context of theirs, in the unit of its responses.

    A context that is larger than those that were trained on by far takes long, and is what the
    module has not seen: of more than twice as many rows, as many are taken, spread evenly.
    """
    most = 2 * model._contexts()[0][1]
    if len(person.X) > most:
        some = np.linspace(0, len(person.X) - 1, most).round().astype(int)
        person = Person(person.X[some], person.Y[some])
    scaled = scale(model, person)
    device = resolve_device(training_place().device)
    module = module_of(model).to(device)
    X = torch.tensor(scaled.X, dtype=torch.float32, device=device)
    Y = torch.tensor(scaled.Y.T, dtype=torch.float32, device=device)
    with torch.inference_mode(), precision(device):
        told = [module(X, some).float().cpu() for some in Y.split(_MOST_VOXELS)]
    found = model.y_scale_ * torch.cat(told).double().numpy()
    found[:, -1] += model.y_mean_
    return found


def module_of(model: Any) -> torch.nn.Module:
    """Give the fitted torch module, ready to answer; made once of the weights."""
    if "_made" not in model.__dict__:
        with seeded(0, 0):  # what it draws is overwritten
            module = _built(model)
        stored = {k: torch.from_numpy(np.array(v)) for k, v in model.weights_.items()}
        module.load_state_dict(stored)
        model._made = module.eval()
    return model._made


def _built(model: Any) -> InContext:
    try:
        return InContext(model.n_features_, **model._sizes())
    except NeurodecodeError:
        raise
    except (TypeError, ValueError, RuntimeError) as error:  # torch, of a size
        raise ConfigError(
            f"encode.braincorl cannot be made for embeddings of {model.n_features_} numbers "
            f"({type(error).__name__}: {error}). Look at its sizes."
        ) from error
