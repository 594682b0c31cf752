"""Judge whether a recording is in the units it claims, with a signal in every channel."""

import math
import warnings
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import NO_UNIT

SHOWN = 8


@dataclass(frozen=True)
class Plausible:
    """What a sensor type records: the s.d. within a second, in its SI unit."""

    title: str
    unit: str
    smallest: float
    typical: float
    largest: float


# Wide by design: a raw recording with movement and drift must pass, a wrong prefix must not.
PLAUSIBLE = {
    "eeg": Plausible("EEG", "V", 1e-8, 2e-5, 1e-3),
    "seeg": Plausible("SEEG", "V", 1e-9, 5e-5, 1e-2),
    "ecog": Plausible("ECoG", "V", 1e-9, 5e-5, 1e-2),
    "dbs": Plausible("DBS", "V", 1e-9, 5e-5, 1e-2),
    "mag": Plausible("MEG (magnetometers)", "T", 1e-16, 5e-13, 1e-9),
    "grad": Plausible("MEG (gradiometers)", "T/m", 1e-15, 1e-11, 1e-7),
}
PREFIXES = {"m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}


def check_magnitude(signal: Signal, where: str) -> None:
    """Stop at a recording whose values cannot be in the SI unit they claim.

    Judged before anything is prepared: a filtered or standardised signal has other magnitudes. The
    s.d. is taken within each second (within each epoch, where that is shorter), so that drifts do
    not count; then the median over seconds, and over the channels of one type.

    Parameters
    ----------
    signal : Signal
        Sensors over time, continuous or in epochs; volumes and other entries are not judged.
    where : str
        The recording, for the message.

    Raises
    ------
    DataError
        With the likely cause, and the unit or factor to put into the card.
    """
    if "time" not in signal.axes or signal.sfreq is None or signal.space.unit == NO_UNIT:
        return
    if signal.data is None or signal.data.size == 0:
        return
    n_second = max(2, round(signal.sfreq))
    for kind in dict.fromkeys(signal.space.types):
        if kind not in PLAUSIBLE:
            continue
        index = [i for i, one in enumerate(signal.space.types) if one == kind]
        sd = float(np.median([_sd_within(signal, i, n_second) for i in index]))
        plausible = PLAUSIBLE[kind]
        # A channel of zeros has a message of its own.
        if sd == 0 or plausible.smallest <= sd <= plausible.largest:
            continue
        raise DataError(
            f"{where}: the {plausible.title} channels have a median s.d. of {sd:.2g} "
            f"{plausible.unit} within a second; {plausible.smallest:g} to {plausible.largest:g} "
            f"{plausible.unit} is plausible. {_cause(sd, plausible)}"
        )


def check_finite_and_flat(signal: Signal, where: str) -> None:
    """Stop at NaN, infinity, channels without a signal, and a signal without values.

    Parameters
    ----------
    signal : Signal
        As read, after channels that are not wanted were left out.
    where : str
        The recording, for the message.

    Raises
    ------
    DataError
        If there is no value, one is not finite, or a channel is constant: over the whole
        recording, in one of its bands, or in every epoch.

    Warns
    -----
    UserWarning
        If voxels or parcels are constant over the whole recording; they carry nothing.
    """
    if signal.data is None:
        raise DataError(
            f"{where}: {signal!r} is a header without data, so there is nothing to check."
        )
    if signal.data.size == 0:
        raise DataError(
            f"{where}: {signal!r} holds no values: its data have shape {signal.data.shape}. The "
            "file is cut short, or nothing was recorded; leave it out."
        )
    features = np.moveaxis(signal.data, signal.feature_axis, 0)
    n_bad = np.array([one.size - np.count_nonzero(np.isfinite(one)) for one in features])
    if n_bad.any():
        bad = np.flatnonzero(n_bad)
        listed = _listed(
            [f"{_name(signal, i)} ({n_bad[i]} of {features[i].size})" for i in map(int, bad)]
        )
        raise DataError(
            f"{where}: values that are not finite (NaN or infinite) in {len(bad)} of "
            f"{len(features)} {signal.space.kind}: {listed}. {_first_bad(signal)} Drop these, or "
            "repair the file."
        )
    flat = [i for i, one in enumerate(features) if _constant(one, signal)]
    if not flat:
        return
    if signal.space.kind == "sensors":
        listed = _listed([_name(signal, i) for i in flat])
        one = signal.space.names[flat[0]] if signal.space.names else "NAME"
        raise DataError(
            f"{where}: {len(flat)} of {len(features)} channels are flat, constant over the whole "
            f"recording: {listed}. Leave them out: prepare: [drop: {{channels: [{one}]}}], or a "
            "pick, before all else; of epochs in memory with drop_channels."
        )
    consequence = "a mask that leaves them out would say the same."
    if signal.space.kind == "parcels":
        listed = _listed([_name(signal, i) for i in flat])
        consequence = (
            f"nothing correlates with {listed}. Leave them out of all recordings, by drop."
        )
    warnings.warn(
        f"{where}: {len(flat)} of {len(features)} {signal.space.kind} are constant over the whole "
        f"recording and carry nothing; {consequence}",
        stacklevel=2,
    )


def _first_bad(signal: Signal) -> str:
    """Say when, or in which entry, a value is not finite for the first time."""
    assert signal.data is not None  # asked by the caller
    times = np.moveaxis(signal.data, 0 if signal.entries else signal.time_axis, 0)
    whole = np.isfinite(times.reshape(len(times), -1)).all(axis=1)
    first, n_bad = int(np.argmin(whole)), int(np.count_nonzero(~whole))
    if signal.continuous and signal.sfreq is not None:
        return f"The first is {signal.tmin + first / signal.sfreq:.3f} s into the recording."
    one = "trial" if signal.entries or signal.sfreq is None else "volume"
    return (
        f"The first is in {one} {first} of {len(times)} (counted from 0), of {n_bad} such {one}s."
    )


def _constant(values: np.ndarray, signal: Signal) -> bool:
    """Whether one channel's values, shape (n_epochs, n_bands, n_times) or fewer, do not vary."""
    if "time" not in signal.axes or values.shape[-1] == 1:
        return bool(values.min() == values.max())
    still = values.min(axis=-1) == values.max(axis=-1)
    return bool(np.any(still.all(axis=0) if signal.entries else still))


def _sd_within(signal: Signal, channel: int, n_second: int) -> float:
    assert signal.data is not None  # asked by the caller
    values = np.moveaxis(signal.data, signal.feature_axis, 0)[channel]
    n_second = min(n_second, values.shape[-1])
    n_whole = values.shape[-1] // n_second * n_second
    seconds = values[..., :n_whole].reshape(-1, n_second)
    return float(np.median(np.std(seconds, axis=1, dtype=np.float64)))


def _cause(sd: float, plausible: Plausible) -> str:
    """Name the factor that brings the s.d. nearest to what is typical."""
    unit = plausible.unit
    wanted = math.log10(plausible.typical / sd)
    powers = {10.0 ** (3 * k) for k in range(-6, 7)} - {1.0}
    factor = min(powers, key=lambda one: abs(math.log10(one) - wanted))
    for prefix, size in PREFIXES.items():
        if math.isclose(size, factor):
            looks = f"This looks like {prefix}{unit} stored as {unit} (a factor of {factor:g})."
            if unit == "V":
                return (
                    f"{looks} Say so in the card: channels: {{unit: {prefix}V}}; multiply what "
                    f"is in memory by {factor:g}."
                )
            return f"{looks} Correct the calibration in the file."
    return (
        f"This looks like {unit} scaled once too often: the values times {factor:g} would be "
        "plausible. Correct the unit in the card's channels, or the calibration in the file."
    )


def _name(signal: Signal, index: int) -> str:
    if signal.space.names:
        return signal.space.names[index]
    if signal.space.ijk is not None:
        return "voxel " + " ".join(str(int(k)) for k in signal.space.ijk[index])
    return f"number {index}"


def _listed(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
