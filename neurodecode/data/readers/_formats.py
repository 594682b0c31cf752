"""Opening continuous recordings of any format with mne, and what mne leaves open about some."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.errors import DataError

if TYPE_CHECKING:
    import mne

_EPOCHS = re.compile(r"must be 1 for raw files|contains epochs|No raw data")
_MORE = re.compile(r"unexpected keyword argument|missing \d+ required positional argument")
_HEADER_LENGTH = re.compile(rb"HeaderLen=\s*(\d+)")
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(muV|uV|µV|mV|nV|V)?")
_VOLTS = {"": 1e-6, "muV": 1e-6, "uV": 1e-6, "µV": 1e-6, "mV": 1e-3, "nV": 1e-9, "V": 1.0}


def open_raw(path: Path) -> "mne.io.BaseRaw":
    """Open a continuous recording, its samples unread where the format allows it.

    Raises
    ------
    DataError
        If it holds epochs, is of a format that mne must be told more of, is cut short without mne
        saying so, or does not state its gain.
    """
    import mne

    if _is_bci2000(path):
        return _open_bci2000(path)
    try:
        # verbose below "warning" would also keep mne's warnings, which say what is damaged.
        raw = mne.io.read_raw(path, preload=False, verbose="warning")
    except (TypeError, ValueError) as error:
        if _EPOCHS.search(str(error)):
            raise DataError(
                f"{path}: it holds no continuous recording. If it holds epochs, say so in the "
                "card: events: {from: epochs}."
            ) from error
        if isinstance(error, TypeError) and _MORE.search(str(error)):
            raise DataError(
                f"{path}: mne must be told more than the name to open a file of this format "
                f"({error}). Open it with mne, and save it as FIF: raw.save(...)."
            ) from error
        raise
    if type(raw).__name__ == "RawKIT":
        _check_kit(path, raw)
    return raw


def _check_kit(path: Path, raw: "mne.io.BaseRaw") -> None:
    """Hold the file to the length that its header promises: mne fills up with what is nowhere."""
    from mne.io.kit.constants import KIT

    about = raw._raw_extras[0]
    start = about["dirs"][KIT.DIR_INDEX_RAW_DATA]["offset"]
    sample = about["nchan"] * np.dtype(about["dtype"]).itemsize
    held = (path.stat().st_size - start) // sample
    if held < raw.n_times:
        sfreq = raw.info["sfreq"]
        raise DataError(
            f"{path}: truncated: its header promises {raw.n_times / sfreq:g} s, the file holds "
            f"{max(held, 0) / sfreq:g} s. Fetch it again, or leave the run out."
        )


def _is_bci2000(path: Path) -> bool:
    if path.suffix.lower() != ".dat":
        return False
    with path.open("rb") as stream:
        return stream.read(20).startswith((b"BCI2000V", b"HeaderLen"))


def _open_bci2000(path: Path) -> "mne.io.BaseRaw":
    """Open a BCI2000 file and bring its counts to volts, which mne (1.13) does not.

    A count is ``(count - SourceChOffset) * SourceChGain`` microvolts, unless a unit stands there.
    """
    import mne

    raw = mne.io.read_raw_bci2k(path, preload=True, verbose="warning")
    with path.open("rb") as stream:
        found = _HEADER_LENGTH.search(stream.readline())
        length = int(found.group(1)) if found else 0
        stream.seek(0)
        header = stream.read(length).decode("utf-8", errors="replace")
    counts = mne.pick_types(raw.info, eeg=True)
    gain, offset, names = (
        _listed(header, name) for name in ("SourceChGain", "SourceChOffset", "ChannelNames")
    )
    if len(gain) != len(counts) or len(offset) not in (0, len(counts)):
        raise DataError(
            f"{path}: its header states {len(gain)} gains and {len(offset)} offsets for "
            f"{len(counts)} channels, so its counts cannot be brought to volts. Correct "
            "SourceChGain and SourceChOffset in it, or convert it to FIF."
        )
    amounts = [_amount(path, "SourceChGain", one) for one in gain]
    factor = np.array([size * _VOLTS[unit] for size, unit in amounts])
    zero = np.zeros(len(counts))
    if offset:
        zero[:] = [_amount(path, "SourceChOffset", one)[0] for one in offset]
    data = np.asarray(raw.get_data())
    n_held = path.stat().st_size - length
    if n_held % _frame_bytes(path):
        raise DataError(
            f"{path}: truncated: it ends within a sample, after {len(raw.times)} whole ones. Fetch "
            "it again, or leave the run out."
        )
    data[counts] = (data[counts] - zero[:, np.newaxis]) * factor[:, np.newaxis]
    made = mne.io.RawArray(data, raw.info, verbose="error")
    if len(names) == len(counts) and len(set(names)) == len(names):
        made.rename_channels(dict(zip(made.ch_names, names, strict=False)), verbose="error")
    return made


def _frame_bytes(path: Path) -> int:
    """Bytes of one sample of all channels, with the states that stand beside them."""
    with path.open("rb") as stream:
        line = stream.readline().decode("utf-8", errors="replace")
    said = dict(re.findall(r"(\w+)\s*=\s*(\S+)", line))
    width = {"int16": 2, "int32": 4, "float32": 4}[said.get("DataFormat", "int16")]
    return int(said["SourceCh"]) * width + int(said["StatevectorLen"])


def _listed(header: str, name: str) -> list[str]:
    """Give the values of a list among the parameters; none where it is not there."""
    found = re.search(rf"\b{name}=\s*(\{{[^}}]*\}}|\d+)\s*([^\r\n]*)", header)
    if found is None:
        return []
    size, rest = found.groups()
    count = len(size.strip("{}").split()) if size.startswith("{") else int(size)
    return rest.split("//")[0].split()[:count]


def _amount(path: Path, name: str, text: str) -> tuple[float, str]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise DataError(
            f"{path}: {name} of its header holds {text!r}, which is no number. Correct it, or "
            "convert the file to FIF."
        )
    return float(found.group(1)), found.group(2) or ""
