import itertools

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.linalg import searchlight
from neurodecode.linalg.searchlight import ball, surface_searchlight, volume_searchlight

RNG = np.random.default_rng(0)
MASK = RNG.random((6, 7, 5)) > 0.3
MASK[1:5, 2:6, 1:4] = True


def around(mask, centre, radius, to_space, *, inclusive):
    """Voxels of a ball, one by one."""
    found = []
    for voxel in itertools.product(*map(range, mask.shape)):
        distance = np.linalg.norm(to_space @ (np.array(voxel) - centre))
        if distance < radius or (inclusive and np.isclose(distance, radius)):
            found.append(voxel)
    return found


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("truncate", [False, True])
@pytest.mark.parametrize("affine", [None, np.diag([3.1, 2.0, 4.0, 1.0])])
def test_balls_are_those_of_a_search_over_all_voxels(inclusive, truncate, affine):
    radius, to_space = (2, np.eye(3)) if affine is None else (6.2, affine[:3, :3])
    light = volume_searchlight(
        MASK, radius, affine=affine, inclusive=inclusive, threshold=0.8, truncate=truncate
    )
    expected = {}
    for centre in np.argwhere(MASK):
        near = around(MASK, centre, radius, to_space, inclusive=inclusive)
        in_mask = [voxel for voxel in near if MASK[voxel]]
        if len(in_mask) / len(near) >= 0.8:
            kept = in_mask if truncate else near
            expected[np.ravel_multi_index(centre, MASK.shape)] = [
                np.ravel_multi_index(voxel, MASK.shape) for voxel in kept
            ]
    assert 0 < len(expected) < MASK.sum()
    assert light.centres.tolist() == list(expected)
    for i, near in enumerate(expected.values()):
        assert light.places[light.of(i)].tolist() == sorted(near)


def test_the_border_belongs_to_an_inclusive_ball_alone():
    # |o| < 2 is the cube of 27 less nothing, for its corners are at 1.73; |o| <= 2 has six more.
    assert (len(ball(2)), len(ball(2, inclusive=True))) == (27, 33)
    # 3 * 3.1 is 9.3 but for rounding.
    voxels = np.diag([3.1, 3.1, 3.1])
    assert len(ball(9.3, affine=voxels, inclusive=True)) == len(ball(3, inclusive=True))
    assert len(ball(9.3, affine=voxels)) == len(ball(3))


def test_a_turned_affine_has_the_same_balls():
    turn, _ = np.linalg.qr(RNG.normal(size=(3, 3)))
    np.testing.assert_array_equal(ball(2.5, affine=turn), ball(2.5))
    sheared = np.array([[1.0, 0.9, 0], [0, 1, 0], [0, 0, 1]])
    offsets = ball(1.5, affine=sheared, inclusive=True)
    expected = [
        o for o in itertools.product(range(-4, 5), repeat=3) if np.linalg.norm(sheared @ o) <= 1.5
    ]
    np.testing.assert_array_equal(offsets, expected)


def test_sums_and_batches_see_the_same_neighbours():
    light = volume_searchlight(MASK, 2)
    maps = RNG.normal(size=(int(MASK.sum()), 3))
    expected = np.array([maps[light.of(i)].sum(axis=0) for i in range(len(light))])
    np.testing.assert_allclose(light.sums(maps), expected, atol=1e-12)
    np.testing.assert_allclose(light.sums(maps, slice(3, 9)), expected[3:9], atol=1e-12)
    found = np.zeros_like(expected)
    for centres, columns in light.batches(16):
        assert len(centres) <= 16
        found[centres] = maps[columns].sum(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    some = light.take(np.array([1, 5]))
    np.testing.assert_array_equal(some.of(1), light.of(5))
    assert some.centres.tolist() == light.centres[[1, 5]].tolist()


def test_centres_may_be_fewer_than_voxels():
    chosen = np.zeros_like(MASK)
    chosen[2, 3, 2] = True
    light = volume_searchlight(MASK, 2, centres=chosen)
    assert light.centres.tolist() == [np.ravel_multi_index((2, 3, 2), MASK.shape)]
    assert len(light.places) == MASK.sum()


def sheet(n):
    """Square sheet of n × n vertices, a millimetre apart."""
    number = np.arange(n * n).reshape(n, n)
    corners = [number[:-1, :-1], number[1:, :-1], number[:-1, 1:], number[1:, 1:]]
    a, b, c, d = (one.ravel() for one in corners)
    x, y = np.indices((n, n)).reshape(2, -1).astype(float)
    faces = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    return np.stack([x, y, np.zeros(n * n)], 1), faces


def test_patches_follow_the_sheet():
    positions, faces = sheet(9)
    # Folded in half: columns 0 and 8 come to lie a tenth of a millimetre from each other.
    folded = positions.copy()
    back = positions[:, 0] > 4
    folded[back, 0] = 8 - positions[back, 0]
    folded[back, 2] = 0.1
    along = surface_searchlight(folded, faces, 2)
    through = surface_searchlight(folded, faces, 2, geodesic=False)
    corner = 0  # x = 0, y = 0; its mirror is x = 8, y = 0
    assert 8 * 9 not in along.places[along.of(corner)]
    assert 8 * 9 in through.places[through.of(corner)]
    # Two steps along each axis, and one diagonal edge from (1, 0) to (0, 1) adds none within 2.
    assert along.of(corner).tolist() == [0, 1, 2, 9, 10, 18]


def test_a_masked_surface_has_columns_for_what_is_in_it():
    positions, faces = sheet(5)
    mask = np.ones(25, bool)
    mask[12] = False
    light = surface_searchlight(positions, faces, 1, mask=mask)
    assert len(light) == len(light.places) == 24
    one = np.flatnonzero(light.centres == 7)[0]
    assert light.places[light.of(one)].tolist() == [2, 6, 7, 8]  # 12 is beyond the mask


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: volume_searchlight(np.ones((3, 3)), 1), "three axes"),
        (lambda: volume_searchlight(np.zeros((3, 3, 3)), 1), "0 voxels"),
        (lambda: volume_searchlight(MASK, 0), "no ball of radius 0"),
        (lambda: volume_searchlight(MASK, 2, centres=np.ones((2, 2, 2))), r"\(2, 2, 2\)"),
        (lambda: volume_searchlight(MASK, 2, affine=np.zeros((4, 4))), "inverted"),
        (lambda: surface_searchlight(*sheet(3), 0), "no patch of radius 0"),
        (lambda: surface_searchlight(*sheet(3), 1, mask=np.ones(4)), "this mesh"),
        (lambda: surface_searchlight(np.ones((2, 3)), np.array([[0, 1, 2]]), 1), "0 to 2"),
    ],
)
def test_what_cannot_be_meant_is_refused(call, said):
    with pytest.raises(DataError, match=said):
        call()


def test_a_radius_beyond_the_volume_takes_no_more_than_the_volume():
    mask = np.zeros((6, 5, 4), bool)
    mask[1:5, 1:4] = True
    light = volume_searchlight(mask, 1e6, inclusive=True)
    assert np.array_equal(light.sizes, np.full(mask.sum(), mask.sum()))


@pytest.mark.parametrize("geodesic", [True, False])
def test_neighbourhoods_too_large_for_memory_are_refused_before_they_are_made(
    geodesic, monkeypatch
):
    monkeypatch.setattr(searchlight, "ball", lambda *_, **__: pytest.fail("a ball was made"))
    with pytest.raises(DataError, match=r"radius 1000: 216000 centres .* take 348 GiB, and 8 GiB"):
        volume_searchlight(np.ones((60, 60, 60), bool), 1000)
    positions, faces = sheet(12)
    monkeypatch.setattr(searchlight, "_MOST", 144 * 100 * 8)  # 144 vertices, all of them near all
    with pytest.raises(DataError, match="144 centres of about 144 neighbours"):
        surface_searchlight(positions, faces, 1000, geodesic=geodesic)
