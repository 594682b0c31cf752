"""Epochs that another program has cut: one entry an event, with their metadata."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.data.readers import _events
from neurodecode.data.specs import EventsSpec

if TYPE_CHECKING:
    import mne

_CONTINUOUS = re.compile(r"does not seem to contain epochs|Could not find (?:epochs|event) data")


def open_epochs(path: Path) -> "mne.BaseEpochs":
    """Open a file of epochs: mne's ``-epo.fif`` or EEGLAB's ``.set``.

    Projections that the file carries are not applied, as in continuous recordings.

    Raises
    ------
    DataError
        If the format is another one, the file holds a continuous recording, or no epoch.
    """
    import mne

    fif = path.name.lower().endswith((".fif", ".fif.gz"))
    if not fif and path.suffix.lower() != ".set":
        raise DataError(
            f"{path}: epochs are read from -epo.fif and EEGLAB's .set. Open it with mne, and save "
            "it as FIF: epochs.save('NAME-epo.fif')."
        )
    try:
        if fif:
            epochs = mne.read_epochs(path, proj=False, preload=False, verbose="warning")
        else:
            epochs = mne.io.read_epochs_eeglab(path, verbose="warning")
    except (ValueError, RuntimeError) as error:
        if _CONTINUOUS.search(str(error)):
            raise DataError(
                f"{path}: it holds no epochs. If it holds a continuous recording, say in the card "
                "where its events come from: events: {from: annotations}."
            ) from error
        raise
    if len(epochs) == 0:
        raise DataError(f"{path}: it holds no epoch, all were dropped. Leave the file out.")
    return epochs


def events_of(epochs: "mne.BaseEpochs", spec: EventsSpec, path: Path) -> pd.DataFrame:
    """Give the events that epochs were cut around, a row an epoch, with their metadata.

    Parameters
    ----------
    epochs : mne.BaseEpochs
    spec : EventsSpec
    path : Path
        The file, for messages.

    Returns
    -------
    events : DataFrame
        ``onset`` in seconds, NaN where the file does not keep it; ``duration``; ``label``, the name
        of the code; and every column of the metadata.

    Raises
    ------
    DataError
        If a column of the metadata has the name of one of ours.
    """
    names = {int(code): name for name, code in epochs.event_id.items()}
    codes = epochs.events[:, 2]
    events = pd.DataFrame(
        {
            "onset": _onsets(epochs, spec),
            "duration": np.zeros(len(epochs)),
            # A card may name an event by its number as well as by its name in the file.
            "label": [
                str(code) if str(code) in spec.codes else names.get(int(code), str(code))
                for code in codes
            ],
        }
    )
    metadata = epochs.metadata
    if metadata is not None or spec.columns:
        others = pd.DataFrame(index=range(len(epochs))) if metadata is None else metadata
        events = _events.with_columns(events, others, spec, path)
    return _events.timed(events, spec, 1 / epochs.info["sfreq"])


def _onsets(epochs: "mne.BaseEpochs", spec: EventsSpec) -> np.ndarray:
    """Seconds of the events, from the first sample that their numbers count from.

    EEGLAB counts in the epochs laid one after the other. mne counts in the recording, whose rate
    it keeps beside that of the epochs since version 0.24; from older files it is lost.
    """
    import mne

    lost = getattr(epochs, "_unsafe_annot_add", False)  # what mne calls a file without that rate
    if spec.times == "unknown" or lost or not isinstance(epochs, mne.epochs.EpochsFIF):
        return np.full(len(epochs), np.nan)
    sfreq = float(np.ravel(epochs._raw_sfreq)[0])
    return epochs.events[:, 0] / sfreq
