"""What of dissimilarities is compared: all of their geometry, or what is near and what is far."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.rdms import Rdms
from neurodecode.harness.rsa.options import CHOSEN, RsaOptions
from neurodecode.linalg.rdm_compare import Method
from neurodecode.linalg.topology import choose_quantiles, geo_topological, geodesic

Quantiles = tuple[float, float]


def quantiles_of(data: Rdms, metric: Method, options: RsaOptions) -> dict[str, Quantiles]:
    """Give the quantiles of each subject; none where dissimilarities are not made topological.

    Where they are chosen it is by how well the other subjects agree, in all regions and times
    together: neither the subject nor a model has a say, so that p need no second choice.

    Parameters
    ----------
    data : Rdms
        Of all places.
    metric : str
    options : RsaOptions

    Raises
    ------
    DataError
        If quantiles are to be chosen, and there are fewer than three subjects, or conditions
        differ.
    """
    subjects = tuple(dict.fromkeys(data.table["subject"]))
    if options.geo_topological != CHOSEN:
        ends = options.geo_topological
        return dict.fromkeys(subjects, (float(ends[0]), float(ends[1]))) if ends else {}
    places = [(region, time) for region, time, _ in data.sites()]
    rdms = np.full((len(places), len(subjects), data.values.shape[1]), np.nan)
    for place, (_, _, found) in zip(rdms, data.sites(), strict=True):
        place[[subjects.index(one) for one in found.table["subject"]]] = found.values
    try:
        chosen = choose_quantiles(rdms, metric).bounds.tolist()
    except (ConfigError, DataError) as error:
        raise type(error)(f"geo_topological: {CHOSEN}: {error}") from error
    return {
        one: (float(low), float(high)) for one, (low, high) in zip(subjects, chosen, strict=True)
    }


def described(
    rdms: np.ndarray, options: RsaOptions, quantiles: Sequence[float] | None
) -> np.ndarray:
    """Keep of dissimilarities, shape (n_rdms, n_pairs), what is to be compared."""
    if quantiles is not None:
        return geo_topological(rdms, *quantiles)
    return geodesic(rdms, options.geodesic) if options.geodesic else rdms
