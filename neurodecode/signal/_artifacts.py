"""Channels that record eyes and hearts, and those that are to be rid of them."""

from collections.abc import Sequence

from neurodecode.core.errors import DataError
from neurodecode.core.space import Space
from neurodecode.signal.channels import find_channels

CLEANED = ("eeg", "mag", "grad", "seeg", "ecog", "dbs")


def artifact_channels(space: Space, channels: tuple[str, ...], name: str) -> list[int]:
    """Find the channels that record an artefact, each once.

    Raises
    ------
    DataError
        If the recording lacks one; it says how the reader keeps it.
    """
    advice = "A reader keeps such channels where the card says so: also: [eog, ecg]."
    return list(dict.fromkeys(find_channels(space, channels, name, advice)))


def data_channels(space: Space, artifacts: Sequence[int], name: str) -> list[int]:
    """Find the sensors of the brain, but for those that record the artefact.

    Raises
    ------
    DataError
        If there is none.
    """
    found = [i for i, t in enumerate(space.types) if t in CLEANED and i not in set(artifacts)]
    if not found:
        raise DataError(
            f"{name}: {space!r} has no channel of type {', '.join(CLEANED)} to clean. Leave {name} "
            "out, or correct the channel types in the card."
        )
    return found
