"""What a module was made for, held against what it is handed: sizes, subjects, outputs."""

from collections.abc import Mapping

import torch

from neurodecode.core.errors import ConfigError

OUTPUTS = ("clip", "mse")  # what is compared with candidates; what is regressed on the target


def check_heads(heads: Mapping[str, int], owner: str) -> dict[str, int]:
    """Give the sizes of the outputs, which are ``clip``, ``mse`` or both.

    Raises
    ------
    ConfigError
        If there is none, one of another name, or one of no size.
    """
    named = {name: int(size) for name, size in heads.items()}
    if not named or set(named) - set(OUTPUTS) or min(named.values()) < 1:
        raise ConfigError(
            f"{owner}: heads {named} are not outputs with a size each. Give clip, mse or both, "
            "such as {clip: 768, mse: 768}."
        )
    return named


def check_one_of(value: object, allowed: tuple[object, ...], name: str, owner: str) -> None:
    """Refuse a value that is none of those allowed, naming them."""
    if value not in allowed:
        words = ", ".join(map(str, allowed))
        raise ConfigError(f"{owner}: {name} is {value!r}. Give one of: {words}.")


def check_sensors(x: torch.Tensor, n_chans: int, owner: str) -> None:
    """Refuse trials of another number of channels, where weights belong to channels."""
    if x.ndim != 3 or x.shape[1] != n_chans:
        raise ConfigError(
            f"{owner} was made for {n_chans} channels and is handed trials of shape "
            f"{tuple(x.shape[1:])}. Its weights belong to the channels of one layout, in one "
            "order: pick the same channels, or use align.benchetrit, which reads any layout."
        )


def check_times(x: torch.Tensor, n_times: int, owner: str, why: str) -> None:
    """Refuse trials of another length, where weights belong to samples."""
    if x.shape[-1] != n_times:
        raise ConfigError(
            f"{owner} was made for trials of {n_times} samples and is handed {x.shape[-1]}: "
            f"{why}. Cut the trials to the same window, at the same sfreq."
        )


def check_subjects(subject: torch.Tensor, n_subjects: int, lowest: int, owner: str) -> None:
    """Refuse the number of a subject that is not there.

    Nothing is asked of a tensor on an accelerator, which would have to be waited for (there, the
    indexing of the device itself stops at a wrong number), nor while a graph is being compiled.
    """
    if subject.device.type != "cpu" or torch.compiler.is_compiling() or not len(subject):
        return
    least, most = int(subject.min()), int(subject.max())
    if least < lowest or most >= n_subjects:
        wrong = least if least < lowest else most
        unknown = " and -1 for one that is unknown" if lowest < 0 else ""
        raise ConfigError(
            f"{owner}: subject {wrong} is none of its {n_subjects}. They are numbered "
            f"0 to {n_subjects - 1}{unknown}; another subject is added by add_subject."
        )
