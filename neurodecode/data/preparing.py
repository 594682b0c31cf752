"""Read, check and prepare one recording, and store it whole: what the worker process does."""

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from neurodecode.core.digest import digest_array
from neurodecode.core.errors import NeurodecodeError
from neurodecode.core.files import whole_folder
from neurodecode.core.processes import one_thread, stop_if_orphan
from neurodecode.core.recording import Recording, Signal
from neurodecode.data import _folders
from neurodecode.data._made_from import described
from neurodecode.data.cache import unwritable

logger = logging.getLogger(__name__)


def write_prepared(
    recording: Recording, preparations: Sequence[Any], folder: Path, parent: int | None = None
) -> float:
    """Read, check, prepare and store one recording; gives the seconds it took.

    Parameters
    ----------
    recording : Recording
    preparations : sequence of Preparation
    folder : Path
        Appears whole, or not at all.
    parent : int or None
        Process for which this is done: nothing is written once it is gone.

    Raises
    ------
    DataError
        If the file is damaged, or its values cannot be what they are said to be;
        `CacheUnwritable` if the cache folder is full.
    """
    started = time.perf_counter()
    # ICA and interpolation multiply matrices: their last bits would follow the number of threads.
    with one_thread():
        signal, rank, content = _computed(recording, preparations)
    seconds = time.perf_counter() - started
    meta = {"seconds": seconds, "content": content}
    meta["made_from"] = described(recording, preparations)
    meta |= {"recording": recording.id, "card": recording.card}  # for who looks at the cache
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with whole_folder(folder) as writing:
            _folders.write(writing, signal, rank, meta)
            if parent is not None:
                stop_if_orphan(parent)
    except OSError as error:
        raise unwritable(folder.parent.parent, error) from error
    return seconds


def preview(recording: Recording, preparations: Sequence[Any]) -> Signal:
    """Give the header that a recording will have after preparation."""
    signal = recording.header()
    for preparation in preparations:
        signal = _applied(preparation, preparation.preview, signal, place_of(recording))
    return signal


def _computed(recording: Recording, preparations: Sequence[Any]) -> tuple[Signal, int | None, str]:
    """Give the prepared signal, its rank, and the digest of the samples as they were read."""
    from neurodecode.signal.channels import Drop, Pick
    from neurodecode.signal.interpolate import Interpolate
    from neurodecode.signal.rank import measured_rank

    signal = recording.load()
    assert signal.data is not None  # `load` reads the samples
    content = digest_array(signal.data)
    where = place_of(recording)
    checked = False
    for preparation in preparations:
        # A channel that is not wanted may be flat; all others are judged as they were recorded.
        if not checked and not isinstance(preparation, Pick | Drop | Interpolate):
            _check(signal, where)
            checked = True
        signal = _applied(preparation, preparation, signal, where)
    if not checked:
        _check(signal, where)
    rank = measured_rank(signal) if "time" in signal.axes else None
    return signal, rank, content


def _applied(
    preparation: Any, function: Callable[[Signal], Signal], signal: Signal, where: str
) -> Signal:
    try:
        sfreq = signal.sfreq or 1.0
        reach = signal.reach + preparation.reach(sfreq)
        ahead = signal.ahead + preparation.ahead(sfreq)
        return replace(function(signal), reach=reach, ahead=ahead)
    except NeurodecodeError as error:
        raise type(error)(f"{where}: {error}") from error


def _check(signal: Signal, where: str) -> None:
    from neurodecode.signal.units import check_finite_and_flat, check_magnitude

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        check_finite_and_flat(signal, where)
        check_magnitude(signal, where)
    for warning in said:  # those of the worker would be shown to nobody
        logger.warning("%s", warning.message)


def place_of(recording: Recording) -> str:
    """Name a recording as errors do: its id, and its first file."""
    files = ", ".join(str(file.path) for file in recording.files[:1])
    return f"{recording.id} ({files})" if files else recording.id
