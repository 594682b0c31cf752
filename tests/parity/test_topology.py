"""The geo-topological transform of a single RDM against that of rsatoolbox."""

import numpy as np
import pytest
from rsatoolbox.rdm import RDMs
from rsatoolbox.rdm.transform import geotopological_transform
from scipy.spatial.distance import pdist

from neurodecode.linalg.topology import geo_topological


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.1, 0.6), (0.25, 0.5)])
def test_a_single_rdm_is_transformed_as_rsatoolbox_does(low, high):
    rdm = pdist(np.random.default_rng(0).normal(size=(20, 6)))[None]
    ours = geo_topological(rdm, low, high)
    theirs = geotopological_transform(RDMs(rdm.copy()), low, high).get_vectors()
    assert ours == pytest.approx(theirs, abs=1e-12)
