"""A new subject in a fitted module: its own weights learn, the trunk stands still."""

from typing import Any, Protocol, cast

import torch
from torch import nn

from neurodecode.core.errors import ConfigError


class HasSubjects(Protocol):
    """A module some of whose weights belong to one subject."""

    def subject_parameters(self, subject: int | None = None) -> list[nn.Parameter]:
        """Give the weights that are this subject's alone; None: any subject's."""
        ...


class FrozenTrunk(nn.Module):
    """A module of which some subjects' weights learn and nothing else.

    Dropout is off and the running means of batch norms stay as they are, in training too: what
    the subject is fitted to is what it will be read with.

    Parameters
    ----------
    module : torch Module
        With ``subject_parameters``; it is changed in place: only those ask for gradients now.
    *subjects : int
        One or more, as ``module.add_subject()`` gave them: a person with several spaces of voxels
        has several.

    Raises
    ------
    ConfigError
        If the module has nothing that belongs to a subject.
    """

    def __init__(self, module: nn.Module, *subjects: int):
        super().__init__()
        known = cast(HasSubjects, module)
        own = [weights for one in subjects for weights in known.subject_parameters(one)]
        if not own:
            raise ConfigError(
                f"{type(module).__name__} has no weights that belong to one subject, so that "
                "nothing can be fitted with its trunk frozen. Fit the whole of it."
            )
        module.requires_grad_(False)
        for parameter in own:
            parameter.requires_grad_(True)
        self.module = module
        self.train(self.training)

    def forward(self, *args: Any, **kwargs: Any) -> dict[str, torch.Tensor]:
        """Give what the module gives."""
        return self.module(*args, **kwargs)

    def train(self, mode: bool = True) -> "FrozenTrunk":
        """Turn to training or not; the module inside never is."""
        super().train(mode)
        self.module.eval()
        return self
