import os
import sys
from pathlib import Path
from textwrap import dedent

import mne
import nibabel
import numpy as np
import pandas as pd
import pytest

from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.data.cards import load_card
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.files import Options
from neurodecode.data.specs import Card, ChannelsSpec, EventsSpec, Variant

sys.path.insert(0, str(Path(__file__).parent))  # bids_trees, …: what these tests share
ANY, ANNOTATIONS = ChannelsSpec(), EventsSpec()
SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("NEURODECODE_CACHE", str(folder))
    return folder


@pytest.fixture
def real():
    """Give the folder of real recordings of one name, or skip."""

    def find(name: str, file: str = "") -> Path:
        roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
        for root in [*(Path(r) for r in roots if r), SAMPLES]:
            if (root / name / file).exists():
                return root / name
        pytest.skip(f"{name}/{file} is neither in NEURODECODE_DATA nor in datasets/samples")

    return find


@pytest.fixture
def raw():
    """Six EEG channels at 128 Hz for eight seconds, of 20 µV, with four annotations."""
    values = 2e-5 * np.random.default_rng(0).standard_normal((6, 1024))
    info = mne.create_info(["Fz", "C3", "Cz", "C4", "Pz", "Oz"], 128.0, "eeg")
    made = mne.io.RawArray(values, info, verbose="error")
    made.set_annotations(mne.Annotations([1, 3, 5, 7], [0.5] * 4, ["left", "right"] * 2))
    return made


@pytest.fixture
def recording(tmp_path, raw):
    """Save a raw (the fixture, unless given) and find it again as a recording."""

    def save(made=raw, *, channels=ANY, events=ANNOTATIONS, modality="eeg", **options):
        made.save(tmp_path / "sub-01_run-1_raw.fif", overwrite=True, verbose="error")
        reader = Options("sub-{subject}_run-{run}_raw.fif", **options)
        card = Card("own", modality, reader=Variant("files", reader, channels, events))
        return find_recordings(card, "", tmp_path)[0]

    return save


@pytest.fixture
def image(tmp_path):
    """Write a bold image of 4 x 3 x 2 voxels and 12 volumes, its mask of 7 voxels, and a table."""
    rng = np.random.default_rng(1)
    affine = np.diag([3.0, 3.0, 4.0, 1.0])
    bold = rng.integers(100, 1000, (4, 3, 2, 12)).astype(np.int16)
    mask = np.zeros((4, 3, 2), dtype=np.uint8)
    mask.reshape(-1)[[1, 4, 5, 9, 14, 20, 23]] = 1
    nibabel.Nifti1Image(bold, affine).to_filename(tmp_path / "bold.nii.gz")
    nibabel.Nifti1Image(mask, affine).to_filename(tmp_path / "mask.nii.gz")
    labels = ["rest", "face", "face", "rest", "house", "house"] * 2
    lines = [f"{label} {i // 6}" for i, label in enumerate(labels)]
    (tmp_path / "volumes.txt").write_text("\n".join(lines) + "\n")
    return bold, mask.astype(bool), affine


@pytest.fixture
def in_memory():
    """Give a recording that holds an array: 3 channels at 100 Hz, ten events."""

    def make(subject="01", run="1", labels="abababcbab", data=None, sfreq=100.0):
        rng = np.random.default_rng(int(run))
        data = 2e-5 * rng.standard_normal((3, 1200)) if data is None else data
        events = pd.DataFrame(
            {"onset": 1.0 + np.arange(len(labels)), "duration": 0.5, "label": list(labels)}
        )
        space = Space("sensors", names=("Fz", "Cz", "Pz"), types=("eeg",) * 3, unit="V")
        signal = Signal(data, space, ("channel", "time"), sfreq, events)
        return Recording(
            subject, "1", run, "eeg", (), {"content": data.sum()}, lambda: signal, lambda: signal
        )

    return make


@pytest.fixture
def of_layout(tmp_path):
    """Find the recordings of a layout of arrays; its lines stand under the reader."""

    def find(layout, modality="fmri", rest=""):
        lines = "\n".join(f"    {line}" for line in dedent(layout).strip().splitlines())
        path = tmp_path / "own.yaml"
        path.write_text(f"name: own\nmodality: {modality}\nreader:\n  arrays:\n{lines}\n{rest}")
        return find_recordings(load_card(path), "", tmp_path)

    return find
