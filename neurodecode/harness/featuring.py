"""Features of what was shown beside the signals of the trials, joined by the stimulus of each row.

Never by order: a row names its stimulus, and the table of features has an entry for each stimulus
of the card, also for those that no row shows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import cache_folder
from neurodecode.core.parts import TrialSignal
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.trials import Trials
from neurodecode.data.cut import Cut
from neurodecode.data.simulated import is_simulated, shown_by
from neurodecode.data.stimuli import open_stimuli
from neurodecode.features._computing import FeatureTable, compute, look
from neurodecode.harness.resolve import Resolved


def open_features(
    resolved: Resolved,
    root: Path,
    *,
    compute_missing: bool,
    progress: Callable[..., Any] | None = None,
) -> dict[str, FeatureTable]:
    """Open what an experiment declares under ``features``, of all stimuli of its card.

    Parameters
    ----------
    resolved : Resolved
    root : Path
        Folder of the data set.
    compute_missing : bool
        Whether what is not in the cache is computed; else it is counted alone.
    progress : callable or None
        As `neurodecode.core.progress.progress`.

    Raises
    ------
    ConfigError
        If the card has no stimuli.
    DataError
        If a stimulus cannot be read, or its features cannot be kept; see `compute`.
    """
    question = resolved.question
    # Those that pictures are judged by alone are computed of what is told, when it is scored.
    judged = set(question.views) - set(question.told)
    features = {name: one for name, one in resolved.features.items() if name not in judged}
    if not features:
        return {}
    stimuli, cache, tables = open_shown(resolved, root), cache_folder(), {}
    for name, feature in features.items():
        try:
            if compute_missing:
                tables[name] = compute(
                    feature,
                    stimuli,
                    cache,
                    card=resolved.card.name,
                    progress=progress,
                    device=resolved.experiment.device,
                )
            else:
                tables[name] = look(feature, stimuli, cache)
        except DataError as error:
            raise type(error)(f"features.{name}: {error}") from error
    return tables


def open_shown(resolved: Resolved, root: Path) -> Stimuli:
    """Open what the recordings of an experiment show; simulated ones show what they were made of.

    Raises
    ------
    ConfigError
        If nothing is shown.
    """
    layout = resolved.card.variant(resolved.experiment.data.variant)
    try:
        if is_simulated(layout):
            return shown_by(layout.options)
        return open_stimuli(resolved.card, root, resolved.experiment.data.variant)
    except ConfigError as error:
        raise ConfigError([f"features: {said}" for said in error.problems]) from error


def with_features(done: Cut, tables: Mapping[str, FeatureTable]) -> Cut:
    """Give trials the entry of their stimulus in each table; rows without a stimulus are left out.

    Parameters
    ----------
    done : Cut
    tables : mapping of str to FeatureTable
        By the name that the signal gets; all of the same stimuli.

    Raises
    ------
    ConfigError
        If the trials have a signal of that name.
    DataError
        If rows do not say what was shown, or show what the card does not have.
    """
    if not tables:
        return done
    rows = done.trials.rows
    if "stimulus" not in rows:
        raise DataError(
            "features: the rows do not say what was shown, since they have no column 'stimulus'; "
            f"there are: {', '.join(rows.columns)}. Name it under columns in the card."
        )
    at = next(iter(tables.values())).entries(np.asarray(rows["stimulus"], dtype=object))
    kept = at >= 0
    if not kept.any():
        raise DataError("features: no row names a stimulus. Choose recordings in which one is.")
    some, signals = done.trials.take(kept), {}
    for name, table in tables.items():
        if name in some.signals:
            raise ConfigError(
                f"features.{name}: the recordings have a signal of that name. Choose another."
            )
        n = len(some)
        signals[name] = TrialSignal(
            (table.part,), np.zeros(n, np.int32), at[kept], np.full(n, -1, np.int32)
        )
    lost = {"no stimulus": n_lost} if (n_lost := int((~kept).sum())) else {}
    return replace(
        done,
        trials=Trials(some.rows, {**some.signals, **signals}),
        previous=done.previous[kept],
        ignored={**done.ignored, **lost},
    )
