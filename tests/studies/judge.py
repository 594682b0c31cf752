"""A small network that says which shape, colour and ground a picture of 32 pixels shows."""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from neurodecode.simulate.pictures import BACKGROUNDS, COLOURS, SHAPES, drawn_shapes, shapes

SIZE = 32
ASKED = {"shape": tuple(SHAPES), "colour": tuple(COLOURS), "background": tuple(BACKGROUNDS)}
STEPS, BATCH = 2500, 128  # 500 steps leave the shape at little more than a half
_NOISE = 0.02  # s.d.; what is judged is never as clean as what is drawn


class _Network(nn.Module):
    def __init__(self):
        super().__init__()
        widths, layers = (3, 32, 64, 128), []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), nn.ReLU()]
        side = SIZE // 2 ** (len(widths) - 1)
        self.features = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(widths[-1] * side**2, 128), nn.ReLU()
        )
        self.heads = nn.ModuleDict({name: nn.Linear(128, len(of)) for name, of in ASKED.items()})


@dataclass(frozen=True, eq=False)
class Judge:
    """A trained judge; it has seen pictures of its own, of no world that is judged."""

    network: nn.Module

    @staticmethod
    def trained(path: Path) -> "Judge":
        """Train one, or read the one that is there.

        Parameters
        ----------
        path : Path
            Of the weights, ``.safetensors``.
        """
        torch.manual_seed(0)
        network = _Network()
        if path.is_file():
            network.load_state_dict(load_file(path))
            return Judge(network.eval())
        optimizer = torch.optim.Adam(network.parameters(), 1e-3)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, STEPS)
        for step in range(STEPS):
            X, answers = drawn(BATCH, step)
            hidden = network.features(_tensor(X) + _NOISE * torch.randn(BATCH, 3, SIZE, SIZE))
            loss = sum(
                nn.functional.cross_entropy(head(hidden), torch.from_numpy(answers[name]))
                for name, head in network.heads.items()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(network.state_dict(), path)
        return Judge(network.eval())

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """Give what the last but one layer says, shape (n, 128)."""
        with torch.inference_mode():
            return self.network.features(_tensor(pictures)).double().numpy()

    def accuracy(self, pictures: np.ndarray, table: pd.DataFrame) -> dict[str, float]:
        """Give how often shape, colour and ground are told.

        Parameters
        ----------
        pictures : ndarray, shape (n, 32, 32, 3)
            From 0 to 1.
        table : DataFrame
            ``shape``, ``colour`` and ``background`` of each.
        """
        with torch.inference_mode():
            hidden = self.network.features(_tensor(pictures))
            said = {name: head(hidden).argmax(1).numpy() for name, head in
                    self.network.heads.items()}  # fmt: skip
        return {name: float(np.mean(np.array(ASKED[name])[said[name]] == table[name].to_numpy()))
                for name in ASKED}  # fmt: skip


def drawn(n: int, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Draw pictures, and what each shows, as numbers; worlds draw theirs from other sources."""
    table = drawn_shapes(n, np.random.default_rng([20230913, seed]))
    answers = {name: np.array([of.index(one) for one in table[name]]) for name, of in ASKED.items()}
    return shapes(table, SIZE).astype(np.float32) / 255, answers


def _tensor(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2), np.float32))
