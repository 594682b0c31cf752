"""Predictions and truth as they lie in a results folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from neurodecode.core.entries import Entries
from neurodecode.core.files import whole_file
from neurodecode.core.predictions import Predictions
from neurodecode.core.truth import BrainTruth, Truth
from neurodecode.harness.brains import read_brains, save_array, save_rows, write_brains
from neurodecode.harness.target_spaces import write_target_spaces


def write_predictions(predictions: Predictions, classes: tuple[str, ...], folder: Path) -> None:
    """Write predictions into a job's folder: a number a row in the table, more beside it."""
    columns: dict[str, Any] = {"row": pa.array(predictions.uid.astype(str))}
    kind = {"kind": predictions.kind, "score_kind": predictions.score_kind}
    kind["samples"] = json.dumps(predictions.samples)
    if predictions.pred.ndim > 1:
        np.save(folder / "pred.npy", predictions.pred, allow_pickle=False)
        if predictions.scores is not None:
            np.save(folder / "scores.npy", predictions.scores, allow_pickle=False)
    else:
        columns |= _columns(predictions, classes)
    table = pa.table(columns).replace_schema_metadata(kind)
    pq.write_table(table, folder / "predictions.parquet")


def read_predictions(folder: Path, table: pa.Table, classes: tuple[str, ...]) -> Predictions:
    """Read what `write_predictions` wrote; what lies beside the table is a memory map."""
    described = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    uid = table["row"].to_numpy(zero_copy_only=False)
    score_kind: Any = described["score_kind"]
    samples = tuple(json.loads(described.get("samples", "[]")))
    scores = None
    if "pred" not in table.column_names:
        pred = np.load(folder / "pred.npy", mmap_mode="r", allow_pickle=False)
        if (folder / "scores.npy").is_file():
            scores = np.load(folder / "scores.npy", allow_pickle=False)
        return Predictions(uid, described["kind"], pred, scores, score_kind, samples)
    if described["kind"] == "label":
        code = {name: i for i, name in enumerate(classes)}
        pred = np.array([code[name] for name in table["pred"].to_pylist()], dtype=np.int64)
    else:
        pred = table["pred"].to_numpy()
    names = [f"score_{name}" for name in classes]
    if names and set(names) <= set(table.column_names):
        scores = np.column_stack([table[name].to_numpy() for name in names])
    return Predictions(uid, described["kind"], pred, scores, score_kind)


def write_truth(y: Truth, folder: Path) -> None:
    """Write what is more than a number a row, each once; of brains each row's.

    Parameters
    ----------
    y : ndarray, shape (n_rows, n, …), Entries or BrainTruth
        Entries are written in the precision in which they are stored.
    folder : Path
        Gets ``vectors.npy`` and ``row.npy``, which of them each row has; or files of brains.
    """
    if isinstance(y, BrainTruth):
        write_brains(y, folder)
        write_target_spaces(y, folder)
        return
    if isinstance(y, Entries):
        several, row = y.distinct()
        save_rows(folder / "vectors.npy", several.blocks(), several.shape)
    else:
        vectors, row = np.unique(y, axis=0, return_inverse=True)
        save_array(folder / "vectors.npy", vectors)
    save_array(folder / "row.npy", row.reshape(-1))


def read_truth(rows: pd.DataFrame, folder: Path) -> Truth:
    """Give what `write_truth` wrote; vectors and brains are read when they are asked for."""
    path = folder / "vectors.npy"
    if not path.is_file():
        return read_brains(rows, folder)
    row = np.load(folder / "row.npy", allow_pickle=False)
    vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    if vectors.ndim == 2:
        return Entries((path,), np.zeros(len(row), dtype=np.int32), row)
    return vectors[row]


def write_gallery(vectors: np.ndarray, concept: np.ndarray, folder: Path) -> None:
    """Write the vectors of all stimuli, also of those that were not shown, and their concepts.

    Parameters
    ----------
    vectors : ndarray, shape (n_stimuli, n)
        Also a memory map.
    concept : ndarray of object, shape (n_stimuli,)
        None where a stimulus has none.
    folder : Path
    """
    with whole_file(folder / "gallery.parquet") as temporary:
        pd.DataFrame({"concept": concept}).to_parquet(temporary, index=False)
    save_array(folder / "gallery.npy", vectors)


def read_gallery(folder: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """Read what `write_gallery` wrote; None where nothing was."""
    path = folder / "gallery.npy"
    if not path.is_file():
        return None
    concept = pd.read_parquet(path.with_suffix(".parquet"))["concept"]
    return np.load(path, allow_pickle=False), concept.to_numpy(dtype=object)


def _columns(predictions: Predictions, classes: tuple[str, ...]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if predictions.kind == "label":
        columns["pred"] = pa.DictionaryArray.from_arrays(
            pa.array(predictions.pred, type=pa.int32()), pa.array(classes)
        )
    else:
        columns["pred"] = pa.array(predictions.pred)
    if predictions.scores is not None:
        for name, score in zip(classes, predictions.scores.T, strict=True):
            columns[f"score_{name}"] = pa.array(np.ascontiguousarray(score))
    return columns
