"""Recordings of each study, written as a lab would have them: arrays with a planted effect."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

N_VOXELS = {"01": 300, "02": 410}
CLASSES = ("face", "house", "tool")


def two_brains(folder: Path, n_voxels: Mapping[str, int] = N_VOXELS, effect: float = 1.0) -> None:
    """Betas of people whose voxels are their own; each voxel is tuned to features of pictures.

    Three runs show the same 24 pictures once each; features of a picture are those of its class
    and its own.
    """
    shown = np.random.default_rng(0)
    centres = shown.standard_normal((len(CLASSES), 6))
    label = np.repeat(np.arange(len(CLASSES)), 8)
    features = centres[label] + shown.standard_normal((len(label), 6))
    for subject, n in n_voxels.items():
        rng = np.random.default_rng(int(subject))
        order = np.concatenate([rng.permutation(len(label)) for _ in range(3)])
        tuning = rng.standard_normal((6, n)) * (rng.random(n) < 0.2)
        betas = effect * 0.5 * features[order] @ tuning + 2 * rng.standard_normal((len(order), n))
        _save(
            folder / f"sub-{subject}.npz",
            betas=betas,
            label=np.array(CLASSES)[label[order]],
            stimulus=np.array([f"picture{i:02d}" for i in order]),
            run=np.repeat(["1", "2", "3"], len(label)),
            features=features[order],
            tuning=tuning,
        )


def listening(
    folder: Path, sfreq: float = 64.0, n_seconds: float = 90.0, effect: float = 1.0
) -> None:
    """EEG that follows an envelope by 50 to 200 ms, two people of two runs; 8 channels in volts."""
    n_times = int(n_seconds * sfreq)
    kernel = np.hanning(12)[None, :] * np.array([1, -1] * 4)[:, None]  # (n_channels, n_lags)
    for subject in ("01", "02"):
        for run in ("1", "2"):
            rng = np.random.default_rng([int(subject), int(run)])
            envelope = _smooth(rng.standard_normal(n_times), 8) ** 2
            envelope = (envelope - envelope.mean()) / envelope.std()
            late = np.roll(envelope, 3)
            followed = np.stack([np.convolve(late, one)[:n_times] for one in kernel])
            noise = np.stack([_smooth(rng.standard_normal(n_times), 4) for _ in kernel])
            eeg = effect * 0.15 * followed + noise / noise.std()
            _save(folder / f"sub-{subject}_run-{run}.npz", eeg=1e-5 * eeg, envelope=envelope)


def rhythms(folder: Path, sfreq: float = 100.0, effect: float = 1.0) -> None:
    """EEG with tasks of 2 to 4 s and rest between: code 1 has more 10 Hz, code 2 more 22 Hz.

    Two people of two runs of 16 tasks; 6 channels in volts, of which the first has the one rhythm
    and the second the other.
    """
    for subject in ("01", "02"):
        for run in ("1", "2"):
            rng = np.random.default_rng([int(subject), int(run), 7])
            codes = []
            for code in rng.permutation(np.repeat([1, 2], 8)):
                rest, task = (int(s * sfreq) for s in (rng.uniform(1.5, 3), rng.uniform(2, 4)))
                codes += [0] * rest + [int(code)] * task
            codes = np.array([*codes, *[0] * int(2 * sfreq)])
            noise = rng.standard_normal((6, len(codes)))
            for channel, (code, freq) in enumerate(((1, 10), (2, 22))):
                phase = 2 * np.pi * freq * np.arange(len(codes)) / sfreq
                swing = _smooth(rng.standard_normal(len(codes)), 100)
                size = 0.5 + 0.5 * effect * (codes == code)
                noise[channel] += size * np.sin(phase + swing)
            _save(folder / f"sub-{subject}_run-{run}.npz", eeg=1e-5 * noise, codes=codes)


def seen_pictures(folder: Path, effect: float = 1.0) -> None:
    """EEG epochs of 60 pictures shown four times; 12 channels of 0.5 s follow their features.

    Pictures are shown once a run. A fifth of them, which ``split`` names, is to be held out.
    """
    shown = np.random.default_rng(3)
    features = shown.standard_normal((60, 8))
    held_out = shown.permutation(60) < 12
    for subject in ("01", "02"):
        rng = np.random.default_rng([int(subject), 11])
        mixing = rng.standard_normal((8, 12, 1)) * np.hanning(25)[None, None, :]
        for run in ("1", "2", "3", "4"):
            order = rng.permutation(60)
            eeg = effect * 0.6 * np.einsum("nf,fct->nct", features[order], mixing)
            _save(
                folder / f"sub-{subject}_run-{run}.npz",
                eeg=1e-6 * (eeg + 3 * rng.standard_normal(eeg.shape)),
                stimulus=np.array([f"picture{i:02d}" for i in order]),
                split=np.where(held_out, "test", "train")[order],
                embedding=features[order],
            )


def _smooth(series: np.ndarray, width: int) -> np.ndarray:
    return np.convolve(series, np.hanning(width + 2), mode="same")


def _save(path: Path, **arrays: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, allow_pickle=False, **arrays)


def two_views(folder: Path, effect: float = 1.0) -> None:
    """EEG of two people and betas of a third, who were shown the same forty pictures.

    What tells animals from tools is on other pictures strong in EEG than in betas, so that both
    together tell more. Pictures come in four parts of ten; the EEG shows 38 of them twice in each
    of two runs, betas 40 three times.
    """
    shown = np.random.default_rng(5)
    label = np.arange(40) % 2
    part = np.arange(40) // 10
    strength = np.abs(shown.standard_normal((2, 40)))  # of each picture in either kind of signal
    sign = 2 * label - 1
    names = np.array([f"picture{i:02d}" for i in range(40)])
    kind = np.array(["animal", "tool"])
    for subject in ("01", "02"):
        rng = np.random.default_rng([int(subject), 21])
        field = rng.standard_normal((8, 1)) * np.hanning(20)[None]
        for run in ("1", "2"):
            order = np.concatenate([rng.permutation(38) for _ in range(2)])
            eeg = effect * 0.25 * (sign * strength[0])[order, None, None] * field
            _save(
                folder / "two_views_eeg" / f"sub-{subject}_run-{run}.npz",
                eeg=1e-6 * (eeg + rng.standard_normal(eeg.shape)),
                label=kind[label[order]],
                stimulus=names[order],
                part=part[order].astype(str),
            )
    rng = np.random.default_rng(22)
    order = np.concatenate([rng.permutation(40) for _ in range(3)])
    tuning = rng.standard_normal(60)
    betas = effect * 0.25 * np.outer((sign * strength[1])[order], tuning)
    _save(
        folder / "two_views_fmri" / "sub-09.npz",
        betas=betas + rng.standard_normal(betas.shape),
        label=kind[label[order]],
        stimulus=names[order],
        run=np.repeat(["1", "2", "3"], 40),
    )
