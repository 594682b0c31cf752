"""The results folder: what a run leaves behind, each file whole or absent.

::

    results/NAME/
      experiment.yaml  resolved.yaml  provenance.json
      rows.parquet     rows with ids, columns and truth
      jobs.json        what the table reads: the question, folds, current keys, refusals
      jobs/KEY/        predictions.parquet  key.json  log.txt  patterns.npz  done.json
      scores.parquet   table.json  report.html
      failures.txt     tracebacks of jobs that failed in the last run
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
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
            (self.folder / "jobs").mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise ConfigError(
                f"{self.folder}: results cannot be written there ({error.strerror}). "
                "Choose another folder with --out DIR."
            ) from None
        for place in (self.folder, self.folder / "jobs"):
            remove_orphans(place)
        return self

    def has(self, key: str) -> bool:
        """Whether the job of this key is stored."""
        return self._done(key).is_file()

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
        """
        place = self.folder / "jobs" / key
        with whole_folder(place) as temporary:
            pq.write_table(_as_table(predictions, classes), temporary / "predictions.parquet")
            (temporary / "key.json").write_text(json.dumps(parts, indent=1, sort_keys=True))
            if log:
                (temporary / "log.txt").write_text(log, encoding="utf-8")
            if patterns:
                np.savez(temporary / "patterns.npz", allow_pickle=False, **dict(patterns))
            (temporary / "done.json").write_text(
                json.dumps({"n_test": len(predictions), "seconds": round(seconds, 4)})
            )

    def predictions(self, key: str, classes: tuple[str, ...]) -> Predictions:
        """Read the predictions of a job.

        Raises
        ------
        DataError
            If the job is not stored.
        """
        path = self.folder / "jobs" / key / "predictions.parquet"
        if not path.is_file():
            raise DataError(f"{path} is missing. Run the experiment again: only this is repeated.")
        return _from_table(pq.ParquetFile(path).read(), classes)

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

    def seconds(self, key: str) -> float | None:
        """Say how long a job took; None where it is not stored."""
        return read_json(self._done(key))["seconds"] if self.has(key) else None

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
            raise ConfigError(
                f"{self.folder} holds no results (no jobs.json). Name a folder that `run` wrote."
            )
        return read_json(path)

    def write_rows(self, rows: pd.DataFrame) -> None:
        """Write ``rows.parquet``."""
        self.write_frame("rows.parquet", rows)

    def rows(self) -> pd.DataFrame:
        """Read ``rows.parquet``."""
        return pd.read_parquet(self.folder / "rows.parquet")

    def write_frame(self, name: str, frame: pd.DataFrame) -> None:
        """Write a table as parquet."""
        with whole_file(self.folder / name) as temporary:
            frame.to_parquet(temporary, index=False)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        write_text(self.folder / name, text)


def _as_table(predictions: Predictions, classes: tuple[str, ...]) -> pa.Table:
    columns: dict[str, Any] = {"row": pa.array(predictions.uid.astype(str))}
    if predictions.kind == "label":
        columns["pred"] = pa.DictionaryArray.from_arrays(
            pa.array(predictions.pred, type=pa.int32()), pa.array(classes)
        )
    else:
        columns["pred"] = pa.array(predictions.pred)
    if predictions.scores is not None:
        for name, score in zip(classes, predictions.scores.T, strict=True):
            columns[f"score_{name}"] = pa.array(np.ascontiguousarray(score))
    kind = {"kind": predictions.kind, "score_kind": predictions.score_kind}
    return pa.table(columns).replace_schema_metadata(kind)


def _from_table(table: pa.Table, classes: tuple[str, ...]) -> Predictions:
    described = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    uid = table["row"].to_numpy(zero_copy_only=False)
    if described["kind"] == "label":
        code = {name: i for i, name in enumerate(classes)}
        pred = np.array([code[name] for name in table["pred"].to_pylist()], dtype=np.int64)
    else:
        pred = table["pred"].to_numpy()
    names = [f"score_{name}" for name in classes]
    scores = None
    if names and set(names) <= set(table.column_names):
        scores = np.column_stack([table[name].to_numpy() for name in names])
    score_kind: Any = described["score_kind"]
    return Predictions(uid, described["kind"], pred, scores, score_kind)
