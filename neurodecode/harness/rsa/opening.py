"""From an experiment with ``rsa`` to its study: recordings are found, models become RDMs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.trials import Trials
from neurodecode.data.cut import cut
from neurodecode.data.prepared import Failed, Prepared
from neurodecode.data.simulated import is_simulated
from neurodecode.harness.featuring import open_features, with_features
from neurodecode.harness.opening import open_recordings
from neurodecode.harness.resolve import Resolved
from neurodecode.harness.rsa.models import (
    FITTED,
    ModelRdm,
    of_column,
    of_features,
    of_rdm,
    together,
)
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.sources import Source
from neurodecode.harness.rsa.spec import RsaModelSpec, RsaResolved
from neurodecode.harness.rsa.study import (
    RsaStudy,
    all_conditions,
    condition_vectors,
    conditions_table,
    sources_of_trials,
)


@dataclass(frozen=True, eq=False)
class Brains:
    """Trials of the recordings that are compared, and the sources of RDMs among them."""

    trials: Trials
    sources: tuple[Source, ...]
    made_from: Mapping[str, Any]
    failed: Mapping[str, str]
    to_prepare: tuple[str, ...]
    notes: tuple[str, ...]


def open_brains(
    resolved: RsaResolved,
    data: Path | None,
    *,
    compute: bool,
    progress: Callable[..., Any] | None = None,
    rehash: bool = False,
) -> Brains:
    """Find the recordings of an experiment with ``rsa``, and the subjects and regions in them.

    Parameters as in `neurodecode.harness.opening.open_study`.
    """
    brain = resolved.brain
    trials, outcomes, root = _trials(
        brain, data, resolved.tracks, compute=compute, progress=progress, rehash=rehash
    )
    prepared = [one for one in outcomes if isinstance(one, Prepared)]
    sources = sources_of_trials(trials, resolved.experiment.rsa)
    all_conditions(sources)
    layout = brain.card.variant(brain.experiment.data.variant)
    return Brains(
        trials,
        sources,
        {
            "card": brain.card.name,
            "licence": dict(brain.card.licence),
            "citation": brain.card.citation,
            "root": str(root),
            "simulated": repr(layout.options) if is_simulated(layout) else "",
            "files": {f.path.name: f.sha256 for one in outcomes for f in one.recording.files},
        },
        {one.recording.id: one.message for one in outcomes if isinstance(one, Failed)},
        tuple(one.recording.id for one in prepared if not one.cached),
        tuple(f"{p.recording.id}: {note}" for p in prepared for note in p.signal.notes),
    )


def open_rsa(
    resolved: RsaResolved,
    data: Path | None,
    *,
    progress: Callable[..., Any] | None = None,
    rehash: bool = False,
) -> RsaStudy:
    """Open recordings and make the models of an experiment with ``rsa``.

    Raises
    ------
    ConfigError
        If a model names a column or track that is not there.
    DataError
        If recordings that a model is made of have other conditions.
    """
    found = open_brains(resolved, data, compute=True, progress=progress, rehash=rehash)
    options = resolved.experiment.rsa
    names = all_conditions(found.sources)
    table = conditions_table(found.trials, options, names)
    making = _Making(resolved, data, found.trials, names, table)
    models = tuple(making.model(n, one) for n, one in resolved.experiment.models.items())
    return RsaStudy(
        title=resolved.brain.question.title,
        sources=found.sources,
        models=models,
        options=options,
        conditions=table,
        seed=resolved.experiment.seed,
        made_from=found.made_from,
        notes=found.notes,
        failed=found.failed,
        simulated=bool(found.made_from["simulated"]),
    )


@dataclass(frozen=True, eq=False)
class _Making:
    """What models are made of."""

    resolved: RsaResolved
    data: Path | None
    trials: Trials
    names: tuple[str, ...]
    table: pd.DataFrame

    def model(self, name: str, spec: RsaModelSpec) -> ModelRdm:
        for kind in FITTED:
            if getattr(spec, kind):
                members = [self.model(k, one) for k, one in getattr(spec, kind).items()]
                return together(name, kind, members)
        if spec.column:
            if spec.column not in self.table:
                raise ConfigError(
                    f"models.{name}: column: conditions have no {spec.column!r} of one value each; "
                    f"there are: {', '.join(self.table.columns)}."
                )
            return of_column(name, self.table[spec.column], self.names)
        if spec.features:
            distance: Any = spec.distance
            options = self.resolved.experiment.rsa
            try:
                vectors = condition_vectors(self.trials, options, self.names, spec.features)
            except ConfigError as error:
                raise ConfigError([f"models.{name}: {said}" for said in error.problems]) from error
            return of_features(name, vectors, self.names, distance)
        return self.of_others(name, spec)

    def of_others(self, name: str, spec: RsaModelSpec) -> ModelRdm:
        """Average the RDMs of other recordings over their subjects."""
        assert spec.data is not None  # one of the kinds of a model
        trials, _, _ = _trials(self.resolved.others[spec.data], self.data, (), compute=True)
        mine: Any = spec.distance
        options = RsaOptions(conditions=self.resolved.experiment.rsa.conditions, distance=mine)
        sources = sources_of_trials(trials, options)
        if any(one.names != self.names for one in sources):
            raise DataError(
                f"models.{name}: {spec.data.card} has {len(sources[0].names)} conditions, and not "
                f"the {len(self.names)} that are compared. Say which column has them: rsa: "
                "{conditions: …}."
            )
        rdms = np.concatenate([one.rdms(options) for one in sources])
        return of_rdm(name, rdms.mean(axis=0), self.names)


def _trials(
    resolved: Resolved,
    data: Path | None,
    tracks: tuple[str, ...],
    *,
    compute: bool,
    progress: Callable[..., Any] | None = None,
    rehash: bool = False,
) -> tuple[Trials, list[Prepared | Failed], Path]:
    """Cut the trials of recordings, with the tracks and features that models are made of."""
    root, outcomes = open_recordings(
        resolved, data, compute=compute, progress=progress, rehash=rehash
    )
    prepared = [one for one in outcomes if isinstance(one, Prepared)]
    if not prepared:
        raise next(one.error for one in outcomes if isinstance(one, Failed))
    done = cut(prepared, resolved.asked, resolved.experiment.windows, beside=tracks)
    tables = open_features(resolved, root, compute_missing=compute, progress=progress)
    return with_features(done, tables).trials, outcomes, root
