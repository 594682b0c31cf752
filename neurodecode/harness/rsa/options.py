"""What is asked of a representational similarity analysis."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, get_args

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError

Distance = Literal[
    "precomputed", "euclidean", "correlation", "cosine", "mahalanobis", "crossnobis", "poisson"
]
Comparison = Literal["cosine", "corr", "spearman", "rho-a", "tau-a", "cosine_cov", "corr_cov"]
Noise = Literal["none", "diag", "shrink_diag", "shrink_eye"]
Factor = Literal["subjects", "conditions"]
Correction = Literal["max", "bh", "none"]
RESIDUAL = ("corr", "spearman")  # comparisons that nuisance RDMs can be taken out of
CHOSEN = "chosen"  # quantiles, for each subject by the others
_NOT_CENTRED = ("cosine", "cosine_cov")
_WITH_NOISE = ("mahalanobis", "crossnobis")


@dataclass(frozen=True)
class RsaOptions:
    """How dissimilarities are measured, compared, and what is drawn for intervals and p.

    Parameters
    ----------
    conditions : str
        Column of the trials whose values are the conditions; without one ``stimulus`` where trials
        have it, else ``label``.
    runs : str
        Column in which patterns are averaged by themselves, for `crossnobis`, noise and
        `split_half`.
    regions : str
        Column of the trials, or ``types``: the regions that channels or voxels are of.
    distance : str
        ``precomputed``: data are RDMs already.
    noise : {"none", "diag", "shrink_diag", "shrink_eye"}
        Estimate of the noise covariance of `mahalanobis` and `crossnobis`, from what trials differ
        by within condition and run.
    transform : {"none", "sqrt"}
        Of each value before anything is averaged; the root makes the variance of counts alike.
    comparison : tuple of str
        Each a row of the table.
    nuisance : tuple of str
        Models that are taken out of data and of the other models, before these are compared.
    resample : tuple of {"subjects", "conditions"}
        Over what the interval generalises; of both, variances are corrected for drawing twice.
    n_bootstraps, n_permutations : int
        Draws of the interval, and of condition labels for the null and p.
    correction : {"max", "bh", "none"}
        Of p over models, regions and times: by the largest value of each permutation
        (family-wise), or Benjamini and Hochberg (false discoveries).
    split_half : int
        How many random halves of the runs the reliability of RDMs is the mean of; 0 for none.
    geo_topological : tuple of two floats, "chosen", or empty
        Quantiles of each RDM, of data and models: dissimilarities below the first become 0, above
        the second 1, and grow between them. Equal ones keep who is a neighbour and nothing else.
        Chosen ones are those by which the other subjects agree best
        (`neurodecode.linalg.topology.choose_quantiles`).
    geodesic : float
        Quantile of each RDM up to which conditions are joined; dissimilarities become ways along
        joined ones. 0: as they are.
    """

    conditions: str = ""
    runs: str = ""
    regions: str = ""
    distance: Distance = "correlation"
    noise: Noise = "none"
    transform: Literal["none", "sqrt"] = "none"
    comparison: tuple[Comparison, ...] = ("rho-a",)
    nuisance: tuple[str, ...] = ()
    resample: tuple[Factor, ...] = ("subjects", "conditions")
    n_bootstraps: int = 1000
    n_permutations: int = 1000
    correction: Correction = "max"
    split_half: int = 0
    geo_topological: tuple[float, ...] | Literal["chosen"] = ()
    geodesic: float = 0.0

    def __post_init__(self):
        for name, known in (
            ("distance", Distance), ("noise", Noise), ("correction", Correction),
        ):  # fmt: skip
            if getattr(self, name) not in get_args(known):
                raise ConfigError(
                    f"{name}: there is no {getattr(self, name)!r}."
                    f"{nearest(str(getattr(self, name)), get_args(known))}"
                )
        for name, known in (("comparison", Comparison), ("resample", Factor)):
            given = getattr(self, name)
            wrong = [one for one in given if one not in get_args(known)]
            if wrong or not given or len(set(given)) < len(given):
                raise ConfigError(
                    f"{name}: {', '.join(map(str, wrong or given)) or 'none'}: give one or "
                    f"several, each once, of {', '.join(get_args(known))}."
                )
        if self.distance == "crossnobis" and not self.runs:
            raise ConfigError(
                "distance: crossnobis compares runs with each other, since their noise is "
                "independent. Say which column has them, as in runs: run."
            )
        if self.noise != "none" and self.distance not in _WITH_NOISE:
            raise ConfigError(
                f"noise: {self.noise} is of mahalanobis and crossnobis; {self.distance} has none. "
                "Leave it out, or change the distance."
            )
        if self.transform != "none" and self.distance == "precomputed":
            raise ConfigError(
                f"transform: {self.transform} is of patterns, and the data are RDMs already. Leave "
                "it out."
            )
        if self.split_half and (not self.runs or self.distance == "precomputed"):
            raise ConfigError(
                "split_half: it compares RDMs of halves of the runs. Give patterns, and say which "
                "column has their runs, as in runs: repeat."
            )
        unfit = [one for one in self.comparison if one not in RESIDUAL]
        if self.nuisance and unfit:
            raise ConfigError(
                f"nuisance: RDMs are taken out of vectors or ranks, which {unfit[0]} is not of. "
                f"Use comparison: {' or '.join(RESIDUAL)}."
            )
        for name in ("n_bootstraps", "n_permutations", "split_half"):
            count = getattr(self, name)
            if not isinstance(count, Integral) or isinstance(count, bool) or count < 0:
                raise ConfigError(f"{name}: {count!r}: give a whole number, 0 or more.")
            object.__setattr__(self, name, int(count))  # numpy's are no plain data
        if self.n_bootstraps == 1:
            raise ConfigError("n_bootstraps: one draw has no spread. Give 0, or some hundreds.")
        ends = self.geo_topological
        if isinstance(ends, str):
            self._check_chosen()
        else:
            numbers = tuple(float(one) for one in ends if isinstance(one, Real))
            if ends and not (len(numbers) == len(ends) == 2 and 0 <= numbers[0] <= numbers[1] <= 1):
                raise ConfigError(
                    f"geo_topological: {', '.join(map(str, ends))}: give two quantiles in order, "
                    f"as in [0, 0.5], or {CHOSEN}."
                )
            object.__setattr__(self, "geo_topological", numbers)
        if not 0 <= self.geodesic <= 1:
            raise ConfigError(f"geodesic: {self.geodesic}: give a quantile above 0, at most 1.")
        if (ends or self.geodesic) and (self.split_half or (ends and self.geodesic)):
            other = "split_half" if self.split_half else "geodesic"
            raise ConfigError(
                f"{other}: it is not computed of RDMs that are made {self.descriptor}. Leave one "
                "of them out."
            )

    def _check_chosen(self) -> None:
        if self.geo_topological != CHOSEN:
            raise ConfigError(
                f"geo_topological: {self.geo_topological!r}: give two quantiles, as in [0, 0.5], "
                f"or {CHOSEN}."
            )
        unfit = [one for one in self.comparison if one in _NOT_CENTRED]
        if unfit:
            raise ConfigError(
                f"geo_topological: {CHOSEN}: quantiles are chosen by agreement, which {unfit[0]} "
                "says of any two RDMs. Compare by another, or say two quantiles."
            )

    @property
    def descriptor(self) -> str:
        """What is compared, where that is not dissimilarities as they are."""
        if isinstance(self.geo_topological, str):
            return f"geo_topological_{CHOSEN}"
        if self.geo_topological:
            return "geo_topological_{:g}_to_{:g}".format(*self.geo_topological)
        return f"geodesic_{self.geodesic:g}" if self.geodesic else ""
