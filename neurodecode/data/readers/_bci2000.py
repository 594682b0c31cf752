"""BCI2000 files in volts: mne (1.13) reads their counts and applies neither gain nor offset."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.errors import DataError, MissingDependency

if TYPE_CHECKING:
    import mne

_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(muV|uV|µV|mV|nV|V)?")
_VOLTS = {None: 1e-6, "muV": 1e-6, "uV": 1e-6, "µV": 1e-6, "mV": 1e-3, "nV": 1e-9, "V": 1.0}
_WIDTHS = {"int16": 2, "int32": 4, "float32": 4}  # bytes of a count


def is_bci2000(path: Path) -> bool:
    """Whether a file begins as BCI2000's do; other programs write ``.dat`` too."""
    if path.suffix.lower() != ".dat":
        return False
    with path.open("rb") as stream:
        return stream.read(20).startswith((b"BCI2000V", b"HeaderLen"))


def open_bci2000(path: Path) -> "mne.io.BaseRaw":
    """Open a BCI2000 file, its channels in volts and under the names that its header has.

    A count is ``(count - SourceChOffset) * SourceChGain`` microvolts, where the gain states no
    other unit.

    Raises
    ------
    DataError
        If the file ends within a sample, or does not state a gain for every channel.
    """
    import mne

    if not hasattr(mne.io, "read_raw_bci2k"):
        raise MissingDependency(
            f"{path}: the installed mne does not read BCI2000 files. Install one that does: "
            'pip install "mne>=1.13"'
        )
    raw = mne.io.read_raw_bci2k(path, preload=True, verbose="warning")
    said, header = _header(path)
    frame = int(said["SourceCh"]) * _WIDTHS[said.get("DataFormat", "int16")]
    frame += int(said["StatevectorLen"])
    if (path.stat().st_size - int(said["HeaderLen"])) % frame:
        raise DataError(
            f"{path}: truncated: it ends within a sample, after {len(raw.times)} whole ones. Fetch "
            "it again, or leave the run out."
        )
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
    zero = np.zeros(len(counts))
    if offset:
        zero[:] = [_amount(path, "SourceChOffset", one)[0] for one in offset]
    amounts = [_amount(path, "SourceChGain", one) for one in gain]
    volts = np.array([size * _VOLTS[unit] for size, unit in amounts])
    data = np.asarray(raw.get_data())
    data[counts] = (data[counts] - zero[:, np.newaxis]) * volts[:, np.newaxis]
    made = mne.io.RawArray(data, raw.info, verbose="error")
    if len(set(names)) == len(counts):
        made.rename_channels(dict(zip(made.ch_names, names, strict=False)), verbose="error")
    return made


def _header(path: Path) -> tuple[dict[str, str], str]:
    """Give what the first line says, and all of the header."""
    with path.open("rb") as stream:
        first = stream.readline().decode("utf-8", errors="replace")
        said = dict(re.findall(r"(\w+)\s*=\s*(\S+)", first))
        stream.seek(0)
        return said, stream.read(int(said["HeaderLen"])).decode("utf-8", errors="replace")


def _listed(header: str, name: str) -> list[str]:
    """Give the values of a list among the parameters; none where it is not there."""
    found = re.search(rf"\b{name}=\s*(\{{[^}}]*\}}|\d+)\s*([^\r\n]*)", header)
    if found is None:
        return []
    size, rest = found.groups()
    count = len(size.strip("{}").split()) if size.startswith("{") else int(size)
    return rest.split("//")[0].split()[:count]


def _amount(path: Path, name: str, text: str) -> tuple[float, str | None]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise DataError(
            f"{path}: {name} of its header holds {text!r}, which is no number. Correct it, or "
            "convert the file to FIF."
        )
    return float(found.group(1)), found.group(2)
