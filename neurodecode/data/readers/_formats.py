"""Opening continuous recordings of any format with mne, and what mne leaves open about some."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.data.readers import _bci2000

if TYPE_CHECKING:
    import mne

_EPOCHS = re.compile(r"must be 1 for raw files|contains epochs|No raw data")
_MORE = re.compile(
    r"unexpected keyword argument|missing \d+ required positional argument|Unsupported file type"
)


def open_raw(path: Path) -> "mne.io.BaseRaw":
    """Open a continuous recording, its samples unread where the format allows it.

    Raises
    ------
    DataError
        If it holds epochs, is of a format that mne must be told more of, is cut short without mne
        saying so, or does not state its gain.
    """
    import mne

    if _bci2000.is_bci2000(path):
        return _bci2000.open_bci2000(path)
    try:
        # verbose below "warning" would also keep mne's warnings, which say what is damaged.
        raw = mne.io.read_raw(path, preload=False, verbose="warning")
    except (TypeError, ValueError) as error:
        if _EPOCHS.search(str(error)):
            raise DataError(
                f"{path}: it holds no continuous recording. If it holds epochs, say so in the "
                "card: events: {from: epochs}."
            ) from error
        if _MORE.search(str(error)):
            raise DataError(
                f"{path}: mne cannot open it by its name alone ({error}). Open it with the reader "
                "that mne has for its format, and save it as FIF: raw.save(...)."
            ) from error
        raise
    if type(raw).__name__ == "RawKIT":
        _check_kit(path, raw)
    return raw


def _check_kit(path: Path, raw: "mne.io.BaseRaw") -> None:
    """Hold the file to the length that its header promises: mne fills up with what is nowhere."""
    from mne.io.kit.constants import KIT

    about = raw._raw_extras[0]
    start = int(about["dirs"][KIT.DIR_INDEX_RAW_DATA]["offset"])
    sample = int(about["nchan"]) * np.dtype(about["dtype"]).itemsize
    held = (path.stat().st_size - start) // sample
    if held < raw.n_times:
        sfreq = raw.info["sfreq"]
        raise DataError(
            f"{path}: truncated: its header promises {raw.n_times / sfreq:g} s, the file holds "
            f"{max(held, 0) / sfreq:g} s. Fetch it again, or leave the run out."
        )
