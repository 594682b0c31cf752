"""The gallery that a stream is answered from: stimuli of results, or of a file."""

from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.harness.store import Store
from neurodecode.online.retrieving import StimulusGallery, gallery_of

TESTED, ALL = "tested", "all"


def stream_gallery(store: Store, key: str, asked: str, top: int) -> StimulusGallery:
    """Give the stimuli that a vector is told from.

    Parameters
    ----------
    store : Store
        Results, in which the true vectors of all rows stand.
    key : str
        Of the model that is served: likeness is centred by what it was trained on.
    asked : str
        ``tested``: the stimuli that these results tested; ``all`` that they know; or an ``.npz``
        file with ``ids`` and ``vectors``.
    top : int
        How many of the nearest are given.

    Raises
    ------
    ConfigError
        If there is no such file.
    DataError
        If the file holds something else.
    """
    index, rows = store.index(), store.rows()
    y: Any = np.asarray(store.truth(rows))  # vectors, which `servable` asked for
    known = np.isfinite(y).all(axis=1)
    trained = known & rows["uid"].isin(store.trained(key)["uid"]).to_numpy()
    more: dict[str, Any] = {"likeness": index["likeness"], "centre": y[trained].mean(axis=0)}
    more["top"] = top
    if asked not in (TESTED, ALL):
        return _from_file(Path(asked), more)
    if asked == TESTED:
        known &= rows["uid"].isin([*_tested(store, index)]).to_numpy()
    names = rows["stimulus"] if "stimulus" in rows else np.unique(y, axis=0, return_inverse=True)[1]
    return gallery_of(np.asarray(names)[known].tolist(), y[known], **more)


def _tested(store: Store, index: dict[str, Any]) -> set[str]:
    """Rows that any fold tested."""
    folds = {}
    for job in index["jobs"]:
        if job["draw"] is None and job["permutation"] is None and store.has(job["key"]):
            folds.setdefault((job["seed"], job["fold"]), job["key"])
    return {uid for key in folds.values() for uid in store.predictions(key, ()).uid}


def _from_file(path: Path, more: dict[str, Any]) -> StimulusGallery:
    if not path.is_file():
        raise ConfigError(
            f"gallery: there is no file {path}. Give tested, all, or an .npz file with ids and "
            "vectors."
        )
    try:
        with np.load(path, allow_pickle=False) as stored:
            ids, vectors = stored["ids"], stored["vectors"]
    except (KeyError, ValueError, OSError, TypeError, AttributeError) as error:
        raise DataError(
            f"gallery: {path} is no .npz file with ids and vectors ({error}). Write it with "
            "numpy.savez(path, ids=…, vectors=…)."
        ) from error
    return StimulusGallery(tuple(map(str, ids)), vectors, **more)
