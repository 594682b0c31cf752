"""RDMs of all subjects at one place, and models beside what each subject has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.descriptor import Quantiles, described
from neurodecode.harness.rsa.fitted import Fit, fitted
from neurodecode.harness.rsa.models import ModelRdm
from neurodecode.harness.rsa.options import CHOSEN, RsaOptions
from neurodecode.linalg.rdm_compare import Method, compare
from neurodecode.linalg.rdm_incomplete import FEWEST, Part, own_conditions
from neurodecode.linalg.rdm_pairs import pairs_among
from neurodecode.linalg.rdm_partial import residuals

_ROUNDING = 1e-10  # of the range of ranks or values: less is no spread
_RESIDUAL: dict[str, Literal["corr", "spearman"]] = {"corr": "corr", "spearman": "spearman"}


@dataclass(frozen=True, eq=False)
class Site:
    """RDMs of all subjects in one region at one time, and models beside them.

    Parameters
    ----------
    region : str
    time : float
        NaN where there is none.
    subjects : tuple of str
    models : tuple of ModelRdm
        Without nuisance ones; of all conditions, and with what nuisance RDMs tell.
    metric : str
        How both are compared.
    n_conditions : int
        Of all subjects together.
    parts : tuple of Part
        Subjects by the conditions that they have, and the quantiles that are theirs: one part where
        all have the same. RDMs and members of models, in the order of `models`, are ranks or values
        without what nuisance RDMs tell, where there are such; NaN at pairs that a subject of the
        part lacks.
    pooled : tuple of ndarray, shape (n_subjects, n_pairs)
        RDMs of all subjects as those of each part are, for its noise ceilings; none where parts
        differ in their conditions alone.
    seed : int
        Of the folds of fitted models.
    """

    region: str
    time: float
    subjects: tuple[str, ...]
    models: tuple[ModelRdm, ...]
    metric: Method
    n_conditions: int
    parts: tuple[Part, ...]
    pooled: tuple[np.ndarray, ...]
    seed: int = 0

    @staticmethod
    def of(
        region: str,
        time: float,
        found: Rdms,
        models: Sequence[ModelRdm],
        metric: Method,
        options: RsaOptions,
        seed: int = 0,
        quantiles: Mapping[str, Quantiles] | None = None,
    ) -> "Site":
        """Set RDMs of one place beside those of the models, both as options describe them.

        Parameters
        ----------
        region, time, found, models, metric, options, seed
        quantiles : mapping of str to two floats, optional
            Of `quantiles_of`, by subject.

        Raises
        ------
        DataError
            If a subject has fewer than four conditions where subjects differ in them; no two share
            four; a pair is there in no subject of the same conditions; a model says nothing of what
            a subject has; or one has weights, beside nuisance RDMs or descriptors, and subjects
            differ.
        """
        data = np.asarray(found.values, dtype=np.float64)
        subjects = tuple(found.table["subject"])
        asked = tuple(one for one in models if one.name not in options.nuisance)
        out = [one.values for one in models if one.name in options.nuisance]
        own = own_conditions(data)
        ends = [(quantiles or {}).get(one) for one in subjects]
        alike = [(tuple(mine), between) for mine, between in zip(own.tolist(), ends, strict=True)]
        if (own != own[0]).any():
            check_shared(own, subjects, region)
        several = list(dict.fromkeys(alike))
        for one in asked if len(several) > 1 and (out or options.descriptor) else ():
            if one.kind != "fixed":
                beside = "nuisance RDMs" if out else options.descriptor
                raise DataError(
                    f"model {one.name!r}: what {beside} make of it is not the same for all "
                    "subjects, who differ in their conditions or quantiles, so no weights can be "
                    "fitted. Compare its members."
                )
        parts, pooled = [], []
        for own_set in several:
            mine, between = own_set
            rows = np.array([i for i, one in enumerate(alike) if one == own_set])
            conditions = np.flatnonzero(mine)
            pairs = pairs_among(conditions, own.shape[1])
            lacking = np.isnan(data[np.ix_(rows, pairs)]).any(axis=0)
            if lacking.all():
                raise DataError(f"{region or 'RDMs'}: no pair of conditions is there in all "
                                f"of subjects {', '.join(subjects[j] for j in rows)}.")  # fmt: skip
            taken = [np.where(lacking, np.nan, np.concatenate(out)[:, pairs])] if out else []
            members = np.concatenate([one.values for one in asked])

            def kept(rdms, *, pairs=pairs, lacking=lacking, taken=taken, between=between):
                shown = described(np.where(lacking, np.nan, rdms[:, pairs]), options, between)
                if not taken:
                    return shown, shown
                first = described(taken[0], options, between)
                return shown, residuals(shown, first, _RESIDUAL[metric])

            told, values = kept(members)
            part = Part(rows, conditions, kept(data[rows])[1], values)
            _check_said(part, asked, told, metric if out else "", subjects, options)
            parts.append(part)
            if options.geo_topological == CHOSEN:
                pooled.append(kept(data)[1])
        by: Method = "corr" if out else metric
        n_conditions = own.shape[1]
        return Site(
            region, time, subjects, asked, by, n_conditions, tuple(parts), tuple(pooled), seed
        )

    @cached_property
    def fixed(self) -> np.ndarray:
        """Which models nothing is fitted of, shape (n_models,)."""
        return np.array([one.kind == "fixed" for one in self.models])

    @property
    def differ(self) -> bool:
        """Whether subjects have different conditions."""
        first = self.parts[0].conditions
        return not all(np.array_equal(part.conditions, first) for part in self.parts)

    @property
    def counts(self) -> dict[str, int]:
        """How many conditions each subject has."""
        of_rows = {i: len(part.conditions) for part in self.parts for i in part.rows}
        return {name: of_rows[i] for i, name in enumerate(self.subjects)}

    @cached_property
    def fixed_parts(self) -> tuple[Part, ...]:
        """The parts with the models that nothing is fitted of."""
        members = np.repeat(self.fixed, [len(one.values) for one in self.models])
        return tuple(replace(part, models=part.models[members]) for part in self.parts)

    def fitted(self, j: int | np.integer) -> ModelRdm:
        """Give a model that is fitted, of all conditions."""
        first, *others = self.parts
        if others:
            return self.models[j]
        ends = np.cumsum([len(one.values) for one in self.models])
        start = ends[j] - len(self.models[j].values)
        return replace(self.models[j], values=first.models[start : ends[j]])

    @cached_property
    def data(self) -> np.ndarray:
        """RDMs of all conditions, shape (n_subjects, n_pairs), NaN where a subject lacks a pair."""
        data = np.full((len(self.subjects), self.n_conditions * (self.n_conditions - 1) // 2),
                       np.nan)  # fmt: skip
        for part in self.parts:
            data[np.ix_(part.rows, pairs_among(part.conditions, self.n_conditions))] = part.rdms
        return data

    @cached_property
    def scores(self) -> np.ndarray:
        """Agreement of each subject with each model, shape (n_subjects, n_models)."""
        found = np.empty((len(self.subjects), len(self.models)))
        for part in self.fixed_parts if self.fixed.any() else ():
            alike = compare(part.rdms, part.models, self.metric, warn=False)
            found[np.ix_(part.rows, self.fixed)] = alike
        for j in np.flatnonzero(~self.fixed):
            found[:, j] = self.fits[int(j)].scores
        return found

    @cached_property
    def fits(self) -> dict[int, Fit]:
        """What is fitted of models that are, by their place."""
        return {
            int(j): fitted(self.fitted(j), self.data, self.metric, self.seed)
            for j in np.flatnonzero(~self.fixed)
        }

    def shares(self, j: int) -> dict[str, float]:
        """Give the weights of a model's members, which sum to 1; nothing of a fixed one."""
        if j not in self.fits or np.isnan(self.fits[j].shares).any():
            return {}
        return dict(zip(self.models[j].members, self.fits[j].shares.tolist(), strict=True))

    def alone(self, j: int) -> dict[str, float]:
        """Give the scores of a model's members in its folds; nothing of a fixed one."""
        if j not in self.fits:
            return {}
        return dict(zip(self.models[j].members, self.fits[j].alone.tolist(), strict=True))


def check_shared(own: np.ndarray, subjects: Sequence[str], where: str) -> None:
    """Hold subjects who differ in their conditions to having, and sharing, enough of them.

    Parameters
    ----------
    own : ndarray of bool, shape (n_subjects, n_conditions)
    subjects : sequence of str
    where : str

    Raises
    ------
    DataError
        If one has fewer than four, or no two share four.
    """
    place = f", {where}" if where else ""
    n_own = own.sum(axis=1)
    if n_own.min() < FEWEST:
        raise DataError(
            f"subject {subjects[int(n_own.argmin())]}{place} has {n_own.min()} of "
            f"{own.shape[1]} conditions; {FEWEST} are the fewest where subjects differ in them. "
            "Leave this subject out, or name conditions by what it shares with others."
        )
    shared = own.astype(np.int64) @ own.T
    np.fill_diagonal(shared, 0)
    if shared.max() < FEWEST:
        raise DataError(
            f"no two of {len(subjects)} subjects{place} share {FEWEST} conditions: nothing can be "
            "pooled. Name conditions by what subjects share, such as the cue of their answers."
        )


def _check_said(
    part: Part,
    models: Sequence[ModelRdm],
    told: np.ndarray,
    residual: str,
    subjects: Sequence[str],
    options: RsaOptions,
) -> None:
    """Refuse models that say nothing of what a subject has, or of which nuisance leaves nothing."""
    start = 0
    for one in models:
        mine = slice(start, start + len(one.values))
        start = mine.stop
        width = np.nanmax(told[mine], axis=1) - np.nanmin(told[mine], axis=1)
        if (width == 0).any():
            of = f", {options.descriptor}" if options.descriptor else ""
            raise DataError(
                f"model {one.name!r}{of}: it says of all {len(part.conditions)} conditions that "
                f"subject {subjects[part.rows[0]]} has that they are as dissimilar. Leave out this "
                "subject or the model" + (", or use other quantiles." if of else ".")
            )
        size = told.shape[1] if residual == "spearman" else width
        if residual and (np.nanstd(part.models[mine], axis=1) < _ROUNDING * size).any():
            raise DataError(
                f"model {one.name!r}: nuisance RDMs tell all of it, so that nothing is left to "
                "compare. Leave out one of them."
            )
