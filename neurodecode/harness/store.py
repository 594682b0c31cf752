"""The results folder: what a run leaves behind, each file whole or absent.

::

    results/NAME/
      experiment.yaml  resolved.yaml  provenance.json
      rows.parquet     rows with ids, columns and truth
      tasks.parquet    what was to be done when, where windows slide over recordings
      jobs.json        what the table reads: the question, folds, current keys, refusals
      models/KEY/      stages.skops  trained.parquet (the rows it saw)  key.json  done.json, of
                       models that are kept; of networks: stage-I.safetensors  history.csv
      targets/         scores of each target of an encoder, by metric and model
      truth/           true vectors or series, each once, and which row has which; brains by space;
                       gallery.npy: features of all stimuli, where they are told apart
      jobs/KEY/        predictions.parquet  key.json  log.txt  patterns.npz  tuned.json  done.json
                       with more axes than rows: pred.npy  scores.npy; of models that choose for
                       each target: choices.npz; of encoders with bands of features what each
                       adds: band-I.npy, and what is said without it: without-I.npy
                       of networks: history.csv  training.json
      training/KEY/    checkpoint and history of a training that is under way, or was stopped
      scores.parquet   table.json  report.html
      curves.parquet   retrieval over repeats, where stimuli were repeated
      parts.parquet    R² in parts of bands of features, of encoders that have them
      read.json        how reliable what decoders read is, where tested stimuli were repeated
      judged/KEY/      features of pictures that were told, by what they are made from
      shown.npz        small copies of the pictures that were tested, where they may be shown
      online/          the same models run over recordings: a results folder of its own
      failures.txt     tracebacks of jobs that failed in the last run
"""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import (
    read_json,
    remove_orphans,
    whole_file,
    whole_folder,
    write_json,
    write_text,
)
from neurodecode.core.predictions import Predictions
from neurodecode.core.timeline import Schedule
from neurodecode.core.truth import Truth
from neurodecode.harness.stored import (
    read_gallery,
    read_predictions,
    read_truth,
    write_gallery,
    write_predictions,
    write_truth,
)
from neurodecode.harness.target_spaces import TargetSpace, read_target_space

HISTORY = "history.csv"  # of a training, as `neurodecode.train.history` writes it
ONLINE = "online"  # folder of the pseudo-online evaluation within that of the results
INDEX_FORMAT = 12  # of jobs.json
TASKS = "tasks.parquet"
_CEILING = "ceiling-{}.npy"  # by its number in done.json
_BAND, _WITHOUT = "band-{}.npy", "without-{}.npy"
TRAINED = "trained.parquet"  # rows that a model which was kept has seen


@dataclass(frozen=True)
class Store:
    """A results folder.

    Parameters
    ----------
    folder : Path
    """

    folder: Path

    def open(self) -> "Store":
        """Make the folder, try to write in it, and clear away what dead writers left.

        Raises
        ------
        ConfigError
            If nothing can be written there.
        """
        try:
            for name in ("jobs", "training"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise ConfigError(
                f"{self.folder}: results cannot be written there ({error.strerror}). "
                "Choose another folder: --out DIR, or out= in Python."
            ) from None
        for place in (self.folder, self.folder / "jobs", self.folder / "models"):
            remove_orphans(place)
        return self

    def has(self, key: str) -> bool:
        """Whether the job of this key is stored."""
        return self._done(key).is_file()

    def trained(self, key: str) -> pd.DataFrame:
        """Read the rows that a model which was kept has seen: ``card content``, and their columns.

        Raises
        ------
        DataError
            If they are not there.
        """
        path = self.folder / "models" / key / TRAINED
        if not path.is_file():
            raise DataError(
                f"{path} is missing, so nobody knows what this model was trained on. Run that "
                "experiment again with: --set keep=folds (or final)"
            )
        return pd.read_parquet(path)

    def has_model(self, key: str) -> bool:
        """Whether the fitted model of this key is stored."""
        return (self.folder / "models" / key / "done.json").is_file()

    def _done(self, key: str) -> Path:
        return self.folder / "jobs" / key / "done.json"

    def save_job(
        self,
        key: str,
        parts: Mapping[str, Any],
        predictions: Predictions,
        classes: tuple[str, ...],
        log: str,
        patterns: Mapping[str, np.ndarray],
        seconds: float,
        tuned: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        flags: Sequence[str] = (),
        decides: Mapping[str, float] | None = None,
        ceilings: Mapping[str, np.ndarray] | None = None,
        choices: Mapping[str, np.ndarray] | None = None,
        bands: Mapping[str, np.ndarray] | None = None,
        without: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Write a job's folder beside its place, then put it there by one rename.

        Parameters
        ----------
        key : str
        parts : mapping
            The readable key.
        predictions : Predictions
        classes : tuple of str
        log : str
            What was said while the job ran.
        patterns : mapping of str to ndarray
        seconds : float
            How long fitting and predicting took.
        tuned : mapping, optional
            Arguments that inner folds chose, and what each candidate scored.
        training : mapping, optional
            How a network's training went; its history is taken from the training's folder.
        flags : sequence of str
            What the table must say of the fitted model.
        decides : mapping, optional
            How it turns evidence into decisions: ``dwell`` and ``refractory``.
        ceilings : mapping of str to ndarray, optional
            What it would have said of each test row were its links told without error, by name.
        choices : mapping of str to ndarray of int, shape (n_targets,), optional
            What it chose for each target, such as a layer, by name.
        bands : mapping of str to ndarray, shape of the predictions, optional
            What each band of features adds to them, by name.
        without : mapping of str to ndarray, shape of the predictions, optional
            What is said without each of these bands, in their order.
        """
        place = self.folder / "jobs" / key
        with whole_folder(place) as temporary:
            write_predictions(predictions, classes, temporary)
            (temporary / "key.json").write_text(json.dumps(parts, indent=1, sort_keys=True))
            if log:
                (temporary / "log.txt").write_text(log, encoding="utf-8")
            if patterns:
                np.savez(temporary / "patterns.npz", allow_pickle=False, **dict(patterns))
            if choices:
                np.savez(temporary / "choices.npz", allow_pickle=False, **dict(choices))
            if tuned:
                (temporary / "tuned.json").write_text(json.dumps(tuned, indent=1))
            if training:
                (temporary / "training.json").write_text(json.dumps(training, indent=1))
                self.take_history(key, temporary)
            for file, several in ((_CEILING, ceilings), (_BAND, bands), (_WITHOUT, without)):
                for number, one in enumerate((several or {}).values()):
                    np.save(temporary / file.format(number), one, allow_pickle=False)
            (temporary / "done.json").write_text(
                json.dumps(
                    {
                        "n_test": len(predictions),
                        "seconds": round(seconds, 4),
                        "flags": list(flags),
                        "decides": dict(decides or {}),
                        "ceilings": list(ceilings or {}),
                        "bands": list(bands or {}),
                        "drop_one": bool(without),
                    }
                )
            )

    def predictions(
        self,
        key: str,
        classes: tuple[str, ...],
        ceiling: str | None = None,
        band: str | None = None,
        *,
        without: bool = False,
    ) -> Predictions:
        """Read the predictions of a job.

        Parameters
        ----------
        key : str
        classes : tuple of str
        ceiling : str, optional
            One of its `ceilings`, in the place of what it said.
        band : str, optional
            One of its `bands`: what this adds to what it said, in the place of that.
        without : bool
            What it says without this band instead, where it drops one.

        Raises
        ------
        DataError
            If the job is not stored.
        """
        folder = self.folder / "jobs" / key
        path = folder / "predictions.parquet"
        if not path.is_file():
            raise DataError(f"{path} is missing. Run the experiment again: only this is repeated.")
        said = read_predictions(folder, pq.ParquetFile(path).read(), classes)
        if ceiling is None and band is None:
            return said
        file = folder / (
            (_WITHOUT if without else _BAND).format(self.bands(key).index(band))
            if band is not None
            else _CEILING.format(self.ceilings(key).index(str(ceiling)))
        )
        return replace(said, pred=np.load(file, allow_pickle=False))

    def answers(self, index: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Give the stored jobs of an index, and after each its ceilings as if they were a model's.

        Parameters
        ----------
        index : mapping
            As `index` gives.

        Returns
        -------
        answers : list of dict
            Jobs as the index has them, and ``ceiling``: one of `ceilings`, of the model of that
            name; None of what a model said itself.
        """
        found = []
        named = {(one["of"], one["ceiling"]): one["model"] for one in index["ceilings"]}
        for job in index["jobs"]:
            if "error" in job or not self.has(job["key"]):
                continue
            found.append({**job, "ceiling": None})
            if job["draw"] is None and job["permutation"] is None:
                names = [one for one in self.ceilings(job["key"]) if (job["model"], one) in named]
                found += [
                    {**job, "model": named[job["model"], one], "ceiling": one} for one in names
                ]
        return found

    def predictions_place(self, key: str) -> Path:
        """File of a job's predictions that are more than a number a row."""
        return self.folder / "jobs" / key / "pred.npy"

    def training_folder(self, key: str) -> Path:
        """Folder in which the training of a job writes as it goes."""
        return self.folder / "training" / key

    def remove_training(self, key: str) -> None:
        """Remove what the training of a job wrote as it went; what it came to is stored."""
        shutil.rmtree(self.training_folder(key), ignore_errors=True)

    def remove_trainings(self) -> None:
        """Remove what trainings left whose jobs are stored: their process ended in between."""
        for folder in (self.folder / "training").glob("*"):
            if self.has(folder.name) or self.has_model(folder.name):
                self.remove_training(folder.name)

    def take_history(self, key: str, folder: Path) -> None:
        """Put the history of a training, where there is one, into the folder of what it made."""
        path = self.training_folder(key) / HISTORY
        if path.is_file():
            shutil.copyfile(path, folder / HISTORY)

    def training(self, key: str) -> dict[str, Any]:
        """Read how the training of a job went; empty where it is no network's."""
        path = self.folder / "jobs" / key / "training.json"
        return read_json(path) if path.is_file() else {}

    def history(self, key: str) -> pd.DataFrame | None:
        """Read the losses of a job's training, a row a pass; None where there are none."""
        path = self.folder / "jobs" / key / HISTORY
        return pd.read_csv(path) if path.is_file() else None

    def tuned(self, key: str) -> dict[str, Any]:
        """Read which arguments inner folds chose; empty where nothing was tuned."""
        path = self.folder / "jobs" / key / "tuned.json"
        return read_json(path) if path.is_file() else {}

    def log(self, key: str) -> str:
        """Read what a job said while it ran."""
        path = self.folder / "jobs" / key / "log.txt"
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def patterns(self, key: str) -> dict[str, np.ndarray]:
        """Read the patterns of a job, name to one value a feature; empty where it has none."""
        path = self.folder / "jobs" / key / "patterns.npz"
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def choices(self, key: str) -> dict[str, np.ndarray]:
        """Read what a job's model chose for each target, by name; empty where it chose nothing."""
        path = self.folder / "jobs" / key / "choices.npz"
        if not path.is_file():
            return {}
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    def seconds(self, key: str) -> float | None:
        """Say how long a job took; None where it is not stored."""
        return read_json(self._done(key))["seconds"] if self.has(key) else None

    def flags(self, key: str) -> tuple[str, ...]:
        """Read what the table must say of a job's fitted model; nothing where it is not stored."""
        return tuple(read_json(self._done(key)).get("flags", ())) if self.has(key) else ()

    def ceilings(self, key: str) -> tuple[str, ...]:
        """Read which ceilings a job's model has; none where it is not stored."""
        return tuple(read_json(self._done(key)).get("ceilings", ())) if self.has(key) else ()

    def bands(self, key: str) -> tuple[str, ...]:
        """Read which bands of features a job's model has; none where it is not stored."""
        return tuple(read_json(self._done(key)).get("bands", ())) if self.has(key) else ()

    def drops_one(self, key: str) -> bool:
        """Whether a job's model was fitted without each of its bands too."""
        return self.has(key) and bool(read_json(self._done(key)).get("drop_one"))

    def decides(self, key: str) -> dict[str, float]:
        """Read how a job's model waits before it decides; empty where it answers row by row."""
        return read_json(self._done(key)).get("decides", {}) if self.has(key) else {}

    def key_parts(self, key: str) -> dict[str, Any]:
        """Read the readable key of a job."""
        return read_json(self.folder / "jobs" / key / "key.json")

    def write_index(self, index: Mapping[str, Any]) -> None:
        """Write ``jobs.json``."""
        write_json(self.folder / "jobs.json", index)

    def index(self) -> dict[str, Any]:
        """Read ``jobs.json``.

        Raises
        ------
        ConfigError
            If the folder holds no results.
        """
        path = self.folder / "jobs.json"
        if not path.is_file():
            within = sorted(one.parent.name for one in self.folder.glob("*/jobs.json"))
            of_these = f", such as {within[0]} in it" if within else ""
            raise ConfigError(
                f"{self.folder} holds no results (no jobs.json). Name a folder that `run` wrote"
                f"{of_these}."
            )
        index = read_json(path)
        if not isinstance(index, dict) or index.get("format") != INDEX_FORMAT:
            raise ConfigError(
                f"{self.folder}: these results were written by another version. Run the experiment "
                "again: what has not changed is not computed again."
            )
        return index

    def write_rows(self, rows: pd.DataFrame) -> None:
        """Write ``rows.parquet``."""
        self.write_frame("rows.parquet", rows)

    def rows(self) -> pd.DataFrame:
        """Read ``rows.parquet``."""
        return pd.read_parquet(self.folder / "rows.parquet")

    def schedule(self) -> Schedule | None:
        """Read the tasks of the recordings; None where windows stand around events."""
        described = self.index()["schedule"]
        if described is None:
            return None
        return Schedule(pd.read_parquet(self.folder / TASKS), described["idle"])

    def write_truth(self, y: Truth) -> None:
        """Write the true vectors, series or pictures of all rows, each once, or brains."""
        write_truth(y, self.folder / "truth")

    def truth(self, rows: pd.DataFrame) -> Truth:
        """Give the truth of all rows: the column ``y``, or what was written beside.

        Vectors and brains are read when they are asked for.
        """
        if "y" in rows:
            return rows["y"].to_numpy()
        return read_truth(rows, self.folder / "truth")

    def target_space(self, number: int) -> TargetSpace:
        """Read what the targets of a space are; spaces are numbered as `BrainTruth.spaces`."""
        return read_target_space(self.folder / "truth", number)

    def write_gallery(self, vectors: np.ndarray, concept: np.ndarray) -> None:
        """Write the vectors of all stimuli, shown or not, and their concepts."""
        write_gallery(vectors, concept, self.folder / "truth")

    def remove_gallery(self) -> None:
        """Remove what `write_gallery` wrote."""
        for name in ("gallery.npy", "gallery.parquet"):
            (self.folder / "truth" / name).unlink(missing_ok=True)

    def gallery(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Read what `write_gallery` wrote; None where nothing was."""
        return read_gallery(self.folder / "truth")

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as parquet."""
        with whole_file(self.folder / name) as temporary:
            frame.to_parquet(temporary, index=False)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        write_text(self.folder / name, text)
