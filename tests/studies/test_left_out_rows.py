"""Between series that have nothing in common shuffled folds find much, and runs nothing."""

from left_out_rows import found


def test_only_runs_find_nothing_where_there_is_nothing():
    """A mean over 200 targets of r within 240 rows has a standard error of about .005."""
    seeds = (0, 1)
    for phi in (0.0, 0.8):
        r, r2 = found(phi, "runs", seeds)
        assert abs(r) < 0.02
        assert r2 < 0
    assert abs(found(0.0, "shuffled", seeds)[0]) < 0.02
    r, r2 = found(0.8, "shuffled", seeds)
    assert r > 0.35
    assert abs(found(0.8, "GCV", seeds)[1] - r2) < 0.05  # GCV sees as much
