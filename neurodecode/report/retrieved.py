"""Which pictures the answers of a model are most like: its best, middle and worst ones."""

from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.gallery import Gallery
from neurodecode.core.names import find
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.metrics.places import nearest, places
from neurodecode.report.picture_grid import Retrieval
from neurodecode.report.results import Results
from neurodecode.report.words import sign

_N_NEAREST = 5
_N_OF_KIND = {"best": 3, "middle": 2, "worst": 3}


def retrieved(results: Results) -> tuple[str, list[Retrieval], int] | None:
    """Give what the best model took its trials for, of those that are scored together first.

    Parameters
    ----------
    results : Results

    Returns
    -------
    model : str
        The best one under the first metric of retrieval, and whose trials these are.
    retrievals : list of Retrieval
        Best first.
    n_entries : int
        Of the gallery.
        None where nothing is retrieved, or brains by an encoder, or no row says what was shown.
    """
    told = [find(name, "metrics") for name in results.index["metrics"]]
    metric = next((one.name for one in told if one.retrieval and not one.view), None)
    rows = results.trials()
    if metric is None or "stimulus" not in rows:
        return None
    scored = [r for r in results.rows() if (r.metric, r.role, r.note) == (metric, "model", "")]
    timed = set(results.scores().query("time.notna()", engine="python")["model"])
    scored = [row for row in scored if row.model not in timed]
    if not scored:
        return None
    best = max(scored, key=lambda row: sign(metric) * row.mean).model
    group = next(g for g in collect_groups(results.store) if g.model == best and g.is_itself)
    group = group.read()
    gallery = Scorer.of(results.store).gallery_of(group)
    if gallery is None or gallery.told == "brain":  # an encoder tells no picture
        return None
    found = places(group.true, group.pred, gallery, "brain_to_image")
    place = (found.better + (found.alike + 1) / 2)[np.argsort(found.row)]
    names = _names(results, rows, group, gallery)
    entries, likeness = nearest(group.true, group.pred, gallery, _N_NEAREST)
    order = np.lexsort((-likeness[:, 0], place))
    shown = rows["stimulus"].astype(str).to_numpy(dtype=object)[group.rows]
    if gallery.kind == "prototype":
        shown = rows["concept"].astype(str).to_numpy(dtype=object)[group.rows]
    retrievals = [
        Retrieval(
            kind,
            str(shown[i]),
            float(place[i]),
            tuple(names[int(e)] for e in entries[i]),
            tuple(float(one) for one in likeness[i]),
        )
        for kind, i in _chosen(order)
    ]
    of = (("subject", group.subject), ("session", group.session), ("fold", group.fold))
    return ", ".join([best, *(f"{k} {v}" for k, v in of if v)]), retrievals, found.n_candidates


def _chosen(order: np.ndarray) -> list[tuple[str, int]]:
    """Give answers of each kind out of all, the best of all first; each once."""
    n = len(order)
    first = {"best": 0, "middle": (n - _N_OF_KIND["middle"]) // 2, "worst": n - _N_OF_KIND["worst"]}
    chosen: dict[int, str] = {}
    for kind, many in _N_OF_KIND.items():
        for i in order[max(first[kind], 0) : max(first[kind], 0) + many]:
            chosen.setdefault(int(i), kind)
    return [(kind, i) for i, kind in chosen.items()]


def _names(
    results: Results, rows: pd.DataFrame, group: Group, gallery: Gallery
) -> "dict[int, str]":
    """Name the entries of a gallery: by what was shown, or the concept of a prototype."""
    column = "concept" if gallery.kind == "prototype" else "stimulus"
    texts = rows[column].astype(str).to_numpy(dtype=object)
    if gallery.vectors is None:
        return dict(enumerate(texts[group.rows]))
    if gallery.kind == "prototype":
        assert gallery.own is not None and gallery.rounds is not None
        own = dict(zip(gallery.own.tolist(), texts[group.rows], strict=True))
        return {int(e): own[c] for one in gallery.rounds for c, e in enumerate(one)}
    y: Any = results.store.truth(rows)
    known = {
        (np.asarray(vector, dtype=np.float64) + 0.0).tobytes(): text
        for vector, text in zip(y[np.arange(len(rows))], texts, strict=True)
    }
    return {i: known.get(one.tobytes(), "not shown") for i, one in enumerate(gallery.vectors)}
