"""Links are fitted once on what they learn from, however often and in whatever order it comes.

Draws of the shuffled null of a fold deal the same training pictures to other brains: a codec learns
nothing else from them. The last few fitted links are kept in the process.
"""

import copy
from collections import OrderedDict
from threading import Lock
from typing import Any

import numpy as np
from sklearn.base import clone

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.training import training_place
from neurodecode.models.generate._contract import Conditions

_MOST = 4  # of fitted links that are kept
_kept: OrderedDict[str, Any] = OrderedDict()
_lock = Lock()


def distinct(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find pictures that were shown several times.

    Returns
    -------
    first : ndarray of int, shape (n_distinct,)
        Where each picture comes first, sorted by content.
    number : ndarray of int, shape (n,)
        Which of them each picture is.
    """
    names = [digest_array(picture) for picture in pictures]
    _, first, number = np.unique(names, return_index=True, return_inverse=True)
    return first, number.reshape(-1)


def fitted_once(link: Any, pictures: np.ndarray, conditions: Conditions | None = None) -> Any:
    """Give a link that is fitted on pictures, each once, and on what is told of them.

    Parameters
    ----------
    link : Codec or Generator
        A scikit-learn estimator; it is not fitted itself. Arguments that it names in `drawing`
        count once it is fitted and not before: links that differ in these alone are fitted once.
    pictures : ndarray, shape (n, height, width, channels)
        In any order, repeats among them.
    conditions : mapping of str to ndarray, shape (n, …), optional
        Pictures that are told differently are learnt each.

    Returns
    -------
    fitted : Codec or Generator
        To be left as it is: others may hold it, too.
    """
    told = dict(sorted((conditions or {}).items()))
    names = [digest([digest_array(picture), *(digest_array(one[i]) for one in told.values())])
             for i, picture in enumerate(pictures)]  # fmt: skip
    order = np.unique(names, return_index=True)[1]  # sorted by content, each once
    kind = type(link)
    device = training_place().device  # as it is asked for: to resolve it, torch is needed
    arguments = link.get_params(deep=False)
    drawing = {name: arguments.pop(name) for name in getattr(kind, "drawing", ())}
    key = digest([
        kind.__module__, kind.__qualname__, repr(sorted(arguments.items())),
        list(told), [names[i] for i in order], device,
    ])  # fmt: skip
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _drawing(_kept[key], drawing)
    fresh: Any = clone(link)
    if conditions is None:
        fresh.fit(pictures[order])
    else:
        fresh.fit(pictures[order], {name: one[order] for name, one in told.items()})
    with _lock:
        _kept[key] = fresh
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return _drawing(fresh, drawing)


def _drawing(fitted: Any, arguments: dict[str, Any]) -> Any:
    """Give a fitted link with arguments of its own; of a link without any, itself."""
    return copy.copy(fitted).set_params(**arguments) if arguments else fitted
