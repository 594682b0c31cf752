"""People at rest: a diagnosis in some edges of their networks, beside site, age, sex and motion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.linalg import cholesky, expm
from scipy.special import softmax

from neurodecode.core.errors import ConfigError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.simulate import ORACLE, Simulation, oracle_of_labels, unanswered
from neurodecode.simulate.fmri._noise import ar1
from neurodecode.simulate.fmri._people import Common, Person, Site, draw_common

_AGES = np.linspace(-4, 4, 33)  # s.d. of age at which the oracle weighs the evidence
_SEX = ("male", "female")
_MOTION = 0.35  # s.d. of the logarithm of motion


@dataclass(frozen=True, kw_only=True)
class Connectivity(Simulation):
    """One recording at rest a person; who a person is moves their covariance.

    A person's covariance is ``C = R expm(S) R`` with ``R`` the square root of what people have in
    common, and ``S`` a sum of fixed directions, each times what the person has of it, and of
    differences between people that follow nothing. Directions have Frobenius norm 1: `effect` is
    the distance between the two groups in that unit, `site_effect` the one between any two sites,
    and so on. The group's direction changes `n_edges` edges (to first order), each in two regions
    that no other has.

    People are drawn one at a time: site, diagnosis at the site's prevalence, age, sex and motion.
    The oracle knows all directions, how much people differ and how long each was scanned, and what
    columns but the one that it tells do to the data: log-likelihoods of the label and of the site,
    and the mean of age given the data and the label. What site and motion tell of the label before
    the data are seen is not in it, so that it is the planted level: where sites differ in their
    prevalence, a model that tells the site may score above it.

    Parameters
    ----------
    regions : int, or tuple of str
        How many, or their names.
    sites : mapping of str to Site
    diagnosis, control : str
        What the two labels are called.
    n_edges : int
    site_effect, age_effect, age_squared_effect, sex_effect, motion_effect : float
        Of the sites' directions, and of one s.d. of age, its square, sex and log motion.
    age_gap, motion_gap : float
        S.d. by which people with the diagnosis are older, and move more.
    age_mean, age_sd : float
        Years, of people without it.
    differences : float
        S.d. of what people differ in beside, in each entry of ``S``.
    phi : float
        Correlation of a region's series with the volume before.
    """

    regions: int | tuple[str, ...] = 30
    sites: Mapping[str, Site] = field(default_factory=lambda: {"A": Site()})
    diagnosis: str = "patient"
    control: str = "control"
    n_edges: int = 12
    site_effect: float = 0.0
    age_effect: float = 0.0
    age_squared_effect: float = 0.0
    sex_effect: float = 0.0
    motion_effect: float = 0.0
    age_gap: float = 0.0
    motion_gap: float = 0.0
    age_mean: float = 17.0
    age_sd: float = 4.0
    differences: float = 0.03
    phi: float = 0.3

    version: ClassVar[int] = 1

    def __post_init__(self):
        super().__post_init__()
        given = {
            name: Site(**one) if isinstance(one, Mapping) else one
            for name, one in self.sites.items()
        }
        object.__setattr__(self, "sites", given)  # a card's are plain data
        n = len(self._names)
        if not self.sites:
            raise ConfigError("sites: there is none. Give one at least, as in sites: {A: {}}.")
        if not 1 <= self.n_edges <= n // 2:
            raise ConfigError(
                f"n_edges: {self.n_edges} edges of two regions each do not fit into {n} regions. "
                f"Give 1 to {n // 2}."
            )
        if len(set(self._names)) < n:
            raise ConfigError("regions: two have the same name. Give different ones.")
        if not (self.age_sd > 0 and self.differences >= 0 and 0 <= self.phi < 1):
            raise ConfigError(
                f"age_sd {self.age_sd} must be above zero, differences {self.differences} zero or "
                f"more, and phi {self.phi} in [0, 1)."
            )
        if self.diagnosis == self.control:
            raise ConfigError(f"diagnosis and control are both called {self.control!r}.")

    def header(self, subject: str, session: str, run: str) -> Signal:
        """Give who the person is; the oracle's answers are NaN."""
        person = self._person(subject)
        unknown = {name: np.full(1, np.nan) for name in self._answers(person, None)}
        return self._signal(person, unknown, None)

    def signal(self, subject: str, session: str, run: str) -> Signal:
        """Make the recording."""
        person, common = self._person(subject), self._common
        n = len(common.root)
        rng = self.rng("differences", subject)
        drawn = rng.standard_normal((n, n)) * self.differences
        own = np.triu(drawn, 1) + np.triu(drawn, 1).T + np.diag(np.sqrt(2) * np.diag(drawn))
        covariance = common.root @ expm(self._moved(person) + own) @ common.root
        noise = ar1(self.rng("noise", subject, session, run), person.site.n_times, n, self.phi)
        series = noise @ cholesky(covariance, lower=True).T  # (n_times, n_regions)
        return self._signal(person, self._answers(person, series), np.ascontiguousarray(series.T))

    @property
    def _names(self) -> tuple[str, ...]:
        if isinstance(self.regions, int):
            return tuple(f"region {i + 1}" for i in range(self.regions))
        return self.regions

    @cached_property
    def _common(self) -> Common:
        return draw_common(self.rng("common"), len(self._names), self.n_edges, list(self.sites))

    @property
    def edges(self) -> np.ndarray:
        """Regions of the edges in which the diagnosis shows, (n_edges, 2)."""
        return self._common.edges

    def difference(self) -> np.ndarray:
        """Covariance of people with the diagnosis less that of others, to first order.

        Returns
        -------
        difference : ndarray, shape (n_regions, n_regions)
        """
        root = self._common.root
        return self.effect * root @ self._common.directions["label"] @ root

    def _person(self, subject: str) -> Person:
        # Each has a source of chance of its own: people are the same whatever the effects are.
        rng = self.rng("person", subject)
        names = list(self.sites)
        shares = np.array([self.sites[name].share for name in names])
        name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
        ill = bool(rng.random() < self.sites[name].prevalence)
        return Person(
            name,
            self.sites[name],
            ill,
            age=float(rng.standard_normal() + self.age_gap * ill),
            female=bool(rng.random() < 0.5),
            motion=float(rng.standard_normal() + self.motion_gap * ill),
        )

    def _moved(self, person: Person, **other: object) -> np.ndarray:
        """Give what a person has of all directions; of another label, site or age where given."""
        ill = bool(other.get("ill", person.ill))
        site = str(other.get("site", person.site_name))
        age = float(other.get("age", person.age))  # type: ignore[arg-type]
        directions = self._common.directions
        return (
            self.effect * (ill - 0.5) * directions["label"]
            # Any two sites are orthogonal directions of this norm: their distance is the effect.
            + self.site_effect / np.sqrt(2) * directions[f"site {site}"]
            + self.age_effect * age * directions["age"]
            + self.age_squared_effect * (age**2 - 1) * directions["age squared"]
            + self.sex_effect * (person.female - 0.5) * directions["sex"]
            + self.motion_effect * person.motion * directions["motion"]
        )

    def _answers(self, person: Person, series: np.ndarray | None) -> dict[str, np.ndarray]:
        labels, sites = (self.control, self.diagnosis), list(self.sites)
        if series is None:
            nothing = dict(unanswered("label", labels, 1))
            nothing |= unanswered("group", sites, 1)
            return nothing | {f"{ORACLE}age": np.full(1, np.nan)}
        whitener = self._common.whitener
        seen = whitener @ (series.T @ series / len(series)) @ whitener
        # Of n volumes that remember, this many tell of the covariance (Bartlett 1946).
        n_free = len(series) * (1 - self.phi**2) / (1 + self.phi**2)
        variance = 1 / n_free + self.differences**2

        def log_likelihood(**other: object) -> float:
            distance = np.sum((seen - expm(self._moved(person, **other))) ** 2)
            return float(-distance / (4 * variance))  # every entry stands there twice

        label = np.array([[log_likelihood(ill=one) for one in (False, True)]])
        site = np.array([[log_likelihood(site=one) for one in sites]])
        made = dict(oracle_of_labels("label", labels, label))
        made |= oracle_of_labels("group", sites, site)
        return made | {f"{ORACLE}age": np.array([self._age(person, log_likelihood)])}

    def _age(self, person: Person, log_likelihood: Callable[..., float]) -> float:
        """Mean of age in years given the data and the diagnosis."""
        ages = _AGES + self.age_gap * person.ill
        weight = -0.5 * _AGES**2
        if self.age_effect or self.age_squared_effect:
            weight += np.array([log_likelihood(age=one) for one in ages])
        return self.age_mean + self.age_sd * float(ages @ softmax(weight))

    def _signal(self, person: Person, answers: dict, data: np.ndarray | None) -> Signal:
        site = person.site
        events = pd.DataFrame(
            {
                "onset": [0.0],
                "duration": [site.n_times * site.t_r],
                "label": [self.diagnosis if person.ill else self.control],
                "group": [person.site_name],
                "age": [self.age_mean + self.age_sd * person.age],
                "sex": [_SEX[person.female]],
                "motion": [0.1 * np.exp(_MOTION * person.motion)],
                **answers,
            }
        )
        space = Space("parcels", names=self._names)
        return Signal(data, space, ("parcel", "time"), 1 / site.t_r, events, n_times=site.n_times)
