"""A small study of a network, under a name that is the same in every process."""

import torch
from tests_harness import CONTROLS, planted, study_of

from neurodecode.harness.named_model import NamedModel
from neurodecode.models.networks._module import named
from neurodecode.protocols.within_session import WithinSession

TRAINING = {"max_epochs": 4, "patience": 2, "lr": 0.01}


class Power(torch.nn.Module):
    """Log power of each channel, then classes; with dropout, so that chance matters."""

    def __init__(self, n_chans: int, n_outputs: int):
        super().__init__()
        self.layer = torch.nn.Linear(n_chans, n_outputs)
        self.drop = torch.nn.Dropout(0.2)

    def forward(self, X):
        power = X.reshape(len(X), self.layer.in_features, -1).square().mean(2)
        return self.layer(self.drop(power.log()))


def network(**training):
    return NamedModel("net", named(Power)(training={**TRAINING, **training}))


def net_study(**question):
    asked = {"models": (network(), *CONTROLS), "protocol": WithinSession(n_splits=2), "n_draws": 1}
    return study_of(*planted(subjects=("1", "2")), **{**asked, **question})
