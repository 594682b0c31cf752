"""Shipped encoding experiments from small files in the layouts of their cards to a table."""

from typing import Any

import numpy as np
import pytest
import yaml
from encoding_layouts import (
    N_PARCELS,
    write_allen,
    write_brain_treebank,
    write_cneuromod,
    write_pereira2018,
    write_pereira2018_language,
    write_transcript,
)
from scipy.io import wavfile

from neurodecode.cli import main
from neurodecode.harness.experiment import find_experiment
from neurodecode.report.results import Results


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a shipped experiment on files below ``data/CARD``, some of it asked otherwise."""
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def ran(name, **otherwise):
        asked: Any = yaml.safe_load(find_experiment(name).read_text(encoding="utf-8"))
        path = tmp_path / "asked.yaml"
        path.write_text(yaml.safe_dump({**asked, "shuffled": {"n_draws": 0}, **otherwise}))
        assert main(["run", str(path), "--data", str(tmp_path / "data"), "--engine", "inline"]) == 0
        return Results(tmp_path / "results/asked")

    return ran


def test_a_contact_that_follows_loudness_is_told_and_has_its_region(tmp_path, run):
    start = 0.3 + 1.1 * np.arange(160)
    write_brain_treebank(tmp_path / "data/brain_treebank", n_seconds=178, start=start)
    protocol = {"shared_stimuli": {"n_splits": 3, "held_out": "concept"}}
    results = run("brain_treebank_encode", protocol=protocol)
    targets = results.targets("r", "scale + encode.ridge")
    # Only these two have both neighbours on their shaft.
    assert set(targets["name"]) == {"LA2", "LA3"}
    assert set(targets["region"]) == {"ctx-lh-superiortemporal"}
    answers = targets[(targets["time"] > 0.15) & (targets["time"] < 0.25)]
    best = answers.groupby("name")["score"].max()
    assert best["LA2"] > 0.9, "windows of 200 ms of a step, in noise of 1/20 of its size"
    first = targets[targets["time"] == targets["time"].min()]
    assert first["score"].abs().max() < 0.3, "before the word; .08 is what chance varies by"


def test_a_parcel_that_follows_the_loudness_of_films_is_told(tmp_path, run):
    root, rng, sfreq = tmp_path / "data/cneuromod", np.random.default_rng(0), 4000
    films = ("bourne01", "wolf01", "life01")
    held = write_cneuromod(root, {f"ses-00{i}_task-{name}": 60 for i, name in enumerate(films)})
    made = {}
    for i, name in enumerate(films):
        movie = name[:-2]
        write_transcript(root, f"movie10/{movie}/movie10_{name}.tsv", 60)
        size = 10 ** rng.uniform(-2, 0, 62)
        times = np.arange(round(1.49 * 62 * sfreq)) / sfreq
        tone = size[(times / 1.49).astype(int)] * np.sin(2 * np.pi * 500 * times)
        path = root / f"stimuli/movies/movie10/{movie}/{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        wavfile.write(path, sfreq, np.round(32767 * tone).astype(np.int16))
        # Parcel 2 follows decibels two volumes after they are over, with a fifth of noise.
        values = held[f"ses-00{i}_task-{name}"].copy()
        values[3:, 2] = 0.2 * values[3:, 2] + 2 * (np.log10(size[:57]) + 1)
        made[f"ses-00{i}_task-{name}"] = values
    write_cneuromod(root, made, values=made)
    told = {"sound": {"mel_spectrogram": {"look_back": 1.49, "n_mels": 2, "fmax": 1500.0}}}
    results = run("cneuromod_encode", features=told, metrics=["r"])
    targets = results.targets("r", "encode.fir_ridge")
    assert len(targets) == N_PARCELS
    assert targets["score"][2] > 0.8
    assert targets["score"].drop(2).abs().max() < 0.35, "three films of 60 volumes"


def test_a_film_without_its_sound_is_named(tmp_path, run, capsys):
    root = tmp_path / "data/cneuromod"
    write_cneuromod(root, {"ses-001_task-bourne01": 20, "ses-002_task-wolf01": 20})
    for name in ("bourne", "wolf"):
        write_transcript(root, f"movie10/{name}/movie10_{name}01.tsv", 20)
    with pytest.raises(AssertionError):
        run("cneuromod_encode", features={"sound": {"mel_spectrogram": {"look_back": 3.0}}})
    said = capsys.readouterr().err
    assert "the sound of the film 'bourne01' is not there" in said and "ffmpeg" in said


def test_a_cell_that_answers_brightness_is_told(tmp_path, run):
    write_allen(tmp_path / "data/allen_observatory", n_scenes=8, n_showings=9)
    asked = {
        "protocol": {"shared_stimuli": {"n_splits": 4}},
        "features": {"p": {"pixels": {"size": 2}}},
    }
    results = run("allen_observatory_encode", **asked)
    targets = results.targets("r", "scale + encode.ridge").set_index("name")
    print(targets)
    assert set(targets["region"]) == {"VISp"}


def test_voxels_of_the_language_network_are_told_from_texts_beside_them(tmp_path, run):
    root = tmp_path / "data/pereira2018"
    write_pereira2018(root)
    betas, inside = write_pereira2018_language(root)
    results = run(
        "pereira2018_encode",
        data={"card": "pereira2018", "variant": "language", "task": "passages"},
        protocol={"shared_stimuli": {"n_splits": 3, "held_out": "concept"}},
        metrics=["r2"],
    )
    assert len(results.targets("r2", "scale + encode.ridge")) == inside.sum() < betas.shape[1]
    rows = results.store.rows()
    assert sorted(rows["concept"].value_counts()) == [2, 2, 3], "sentences of three passages"
