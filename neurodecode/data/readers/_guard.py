"""What mne says or raises about a file, made into one clear sentence that names it."""

import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.core.errors import DataError, DataMissing, MissingDependency, NeurodecodeError
from neurodecode.data.specs import EventsSpec

if TYPE_CHECKING:
    import mne

logger = logging.getLogger(__name__)

_TRUNCATED = re.compile(r"Number of records from the header|Invalid tag|less data than expected")
_OUTSIDE = re.compile(r"Omitted \d+ annotation")
_NO_MARKERS = re.compile(r"MarkerFile .* not found|no annotations", re.IGNORECASE)


def guarded(path: Path, events: EventsSpec, read: Callable[[], Any]) -> Any:
    """Call `read`, and judge what it warns of.

    Parameters
    ----------
    path : Path
        The file that is read.
    events : EventsSpec
        Where events come from: markers that are lost matter where they are the events.
    read : callable
        Gives an `mne.io.Raw`, or something read from one.

    Raises
    ------
    DataError
        If the file is damaged, cut short, or its events lie outside; whatever the library raised.
    DataMissing
        If a file that belongs to it is missing.
    MissingDependency
        If its format needs a package that is not installed.
    """
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            result = read()
    except NeurodecodeError:
        raise
    except FileNotFoundError as error:
        raise DataMissing(
            f"{path}: it, or a file that belongs to it, is missing ({error}). Fetch it again, or "
            "leave the run out."
        ) from error
    except Exception as error:  # a damaged file raises anything at all
        if "pip install" in str(error):
            raise MissingDependency(f"{path}: {_first_line(error)}") from error
        raise DataError(
            f"{path}: cannot be read ({type(error).__name__}: {_first_line(error)}). The file is "
            "damaged, cut short, or not of the kind that its name says. Fetch it again, or leave "
            "it out."
        ) from error
    for warning in said:
        if issubclass(warning.category, FutureWarning | DeprecationWarning):
            continue  # about the library, not about the file
        _judge(path, events, result, str(warning.message))
    return result


def _judge(path: Path, events: EventsSpec, result: Any, message: str) -> None:
    if _TRUNCATED.search(message):
        promised = _promised_seconds(path)
        if promised is None:  # a recorder that is still at work writes -1
            logger.warning("%s: its header does not say how long it is; all of it is read.", path)
            return
        held = "less"
        if hasattr(result, "n_times"):
            held = f"{result.n_times / result.info['sfreq']:g} s"
        raise DataError(
            f"{path}: truncated: its header promises {promised}, the file holds {held}. Fetch it "
            "again, or leave the run out."
        )
    if events.source == "annotations" and _OUTSIDE.search(message):
        raise DataError(_omitted(path, result))
    if events.source == "annotations" and _NO_MARKERS.search(message):
        raise DataMissing(
            f"{path}: its markers are missing ({message.strip()}) Fetch that file too, or name an "
            "events file in the card."
        )
    logger.warning("%s: %s", path, message.strip())


def _promised_seconds(path: Path) -> str | None:
    if path.suffix.lower() not in (".edf", ".bdf"):
        return "more"
    with path.open("rb") as stream:  # EDF+: number and duration of the records, 8 bytes each
        stream.seek(236)
        n_records, duration = (float(stream.read(8)) for _ in range(2))
    return None if n_records < 0 else f"{n_records * duration:g} s"


def _omitted(path: Path, raw: "mne.io.BaseRaw") -> str:
    """Say which of the file's own markers lie outside its data: mne leaves those out."""
    import mne

    seconds = raw.n_times / raw.info["sfreq"]
    where = path.with_suffix(".vmrk") if path.suffix == ".vhdr" else path
    named = ""
    try:
        marks = mne.read_annotations(where)
        outside = np.flatnonzero((marks.onset >= seconds) | (marks.onset < 0))
        if len(outside):
            first = outside[0]
            named = (
                f"event {first + 1} of {len(marks)} ({str(marks.description[first])!r}) is at "
                f"{marks.onset[first]:g} s, "
            )
    except (OSError, ValueError, RuntimeError) as error:
        logger.info("%s: markers cannot be listed (%s).", where, error)
    return (
        f"{path}: {named or 'events are '}outside the recording of {seconds:g} s. The recording is "
        "cut short, or the markers belong to another one. Replace the file, or leave the run out."
    )


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else "no message"
