"""What of pictures is scored: their features, or what a published set of metrics makes of them.

An experiment says ``METRIC@FEATURE`` for a feature that it declares, and the name of a set for the
eight metrics of published tables::

    metrics: [two_way@edges, mindeye]
    mindeye = pixcorr@mindeye, ssim@mindeye, two_way@mindeye.alexnet_2, …

A set fixes to which size pictures are brought, how, and what of them is judged. Scores of different
sets are different numbers under one name: they are not interchangeable.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.resizing import Filter, resize, resize_bytes
from neurodecode.metrics.metric import Metric

_AT_ONCE = 16  # pictures: of 425 pixels in colour they are 70 MB as they are scored
_METRIC_OF = {
    "alexnet_2": "two_way",
    "alexnet_5": "two_way",
    "inception": "two_way",
    "clip": "two_way",
    "efficientnet": "feature_distance",
    "swav": "feature_distance",
}


@dataclass(frozen=True)
class Preparation:
    """How pictures are brought to what is judged: antialiased, and never cropped.

    Parameters
    ----------
    size : int
        Pixels of a side in the end.
    how : {"bilinear", "bicubic"}
    stored : int
        Pixels of a side to which they are brought before, bilinearly; 0: none.
    eight_bits : bool
        Whether they are bytes and are resized as Pillow does; else they stay floats.
    """

    size: int
    how: Filter = "bilinear"
    stored: int = 0
    eight_bits: bool = False

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Give pictures at their size: float32 from 0 to 1, shape (n, height, width, channels)."""
        if self.eight_bits:
            return resize_bytes(pictures, self.size, self.how)
        pictures = np.asarray(pictures, dtype=np.float32)
        if self.stored:
            pictures = np.clip(resize(pictures, self.stored), 0, 1)
        return resize(pictures, self.size, self.how)


@dataclass(frozen=True)
class MetricSet:
    """The eight metrics of published tables.

    Parameters
    ----------
    pixels : Preparation
        Of what `pixcorr` and `ssim` are of.
    judges : mapping of str to Preparation
        Of what each network is handed: ``alexnet_2 alexnet_5 inception clip efficientnet swav``.
    """

    pixels: Preparation
    judges: Mapping[str, Preparation]


def _mindeye(size: int) -> Preparation:
    return Preparation(size, stored=256)


SETS = {
    # Scotti et al. 2023, arXiv 2305.18274: everything is stored at 256 pixels first.
    "mindeye": MetricSet(
        _mindeye(425),
        {
            "alexnet_2": _mindeye(256),
            "alexnet_5": _mindeye(256),
            "inception": _mindeye(342),
            "clip": _mindeye(224),
            "efficientnet": _mindeye(255),
            "swav": _mindeye(224),
        },
    ),
    # Ozcelik and VanRullen 2023, doi 10.1038/s41598-023-42891-8: files of eight bits, and Pillow.
    "brain_diffuser": MetricSet(
        Preparation(425, "bicubic", eight_bits=True),
        {name: Preparation(224, eight_bits=True) for name in _METRIC_OF},
    ),
}


def expanded(names: Iterable[str]) -> tuple[str, ...]:
    """Give the names of metrics, each set as those that it stands for."""
    several: list[str] = []
    for name in names:
        if name in SETS:
            several += [f"pixcorr@{name}", f"ssim@{name}"]
            several += [f"{metric}@{name}.{judge}" for judge, metric in _METRIC_OF.items()]
        else:
            several.append(name)
    return tuple(several)


def judge_of(view: str) -> tuple[str, str] | None:
    """Give the set and the judge that a view names; None where it names a declared feature."""
    name, dot, judge = view.partition(".")
    return (name, judge) if dot and name in SETS else None


def through(judged: Metric, view: str) -> Metric:
    """Give a metric of what is seen in pictures.

    Parameters
    ----------
    judged : Metric
    view : str
        A declared feature; a judge of a set, such as ``mindeye.clip``; or a set, for its pixels.

    Returns
    -------
    metric : Metric
        Of pictures. That of a set's pixels brings them to size itself, some at a time; all others
        are handed features.

    Raises
    ------
    ConfigError
        If it judges no such thing.
    """
    name = f"{judged.name}@{view}"
    if view in SETS:
        if "picture" not in judged.kinds or judged.terms is None or judged.retrieval is not None:
            raise ConfigError(
                f"{name}: of the pixels of a set there are pixcorr and ssim. Name one of its "
                f"judges, as in {judged.name}@{view}.clip."
            )
        return _prepared(judged, view)
    of_set = judge_of(view)
    if of_set is not None and of_set[1] not in _METRIC_OF:
        near = nearest(of_set[1], _METRIC_OF)
        raise ConfigError(f"{name}: {of_set[0]} has no judge {of_set[1]!r}.{near}")
    if "vector" not in judged.kinds:
        raise ConfigError(
            f"{name}: {judged.name} judges {' or '.join(judged.kinds)}, and features are vectors."
        )
    return replace(judged, kinds=("picture",), view=view)


def _prepared(judged: Metric, name: str) -> Metric:
    """Give a metric of pictures as a set has them; it is the mean of what rows add."""
    prepare, of_rows = SETS[name].pixels, judged.terms
    assert of_rows is not None  # looked at by `through`

    def terms(true, pred, *, scores=None, rows=None, gallery=None):
        del scores, rows, gallery
        values = []
        for start in range(0, len(true), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            values.append(of_rows(prepare(true[some]), prepare(pred[some]))[0])
        return np.concatenate(values), None

    @functools.wraps(judged.function)
    def function(true, pred, *, scores=None, rows=None, gallery=None):
        del scores, rows, gallery
        values, _ = terms(true, pred)
        if not np.isfinite(values).any():
            raise DataError("every true picture is of one flat grey")
        return float(np.mean(values[np.isfinite(values)]))

    return replace(
        judged, function=function, kinds=("picture",), terms=terms, pairwise=None, view=name
    )
