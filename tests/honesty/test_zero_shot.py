"""What is held out is held out of everything that is fitted, repeats and relatives of it too."""

import numpy as np
import pytest
from honesty_studies import Design, fitted_numbers, shipped, signal_of, study_of

from neurodecode.core.errors import LeakError
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import TargetAccess
from neurodecode.protocols.shared_stimuli import SharedStimuli

AXES = ("feature",)
ZERO_SHOT = {"held_out": "concept"}


def study(protocol, changed=(), by="concept", **question):
    """Six pictures of three concepts, each shown in both runs; of each concept one is tested."""
    table = Design.of(n_subjects=3, n_per_run=12).table
    shown = np.arange(len(table)) % 6
    table["stimulus"] = [f"p{i}" for i in shown]
    table["concept"] = [f"c{i // 2}" for i in shown]
    table["split"] = np.where(shown == 0, "test", "train")
    X = signal_of(table, AXES, effect=0.5, seed=0)
    which = table[by].isin(changed).to_numpy()
    X[which] *= -1e6
    table.loc[which, "value"] *= 1e6
    model = shipped("models", "sklearn.linear_model.Ridge")
    return study_of(X, table, AXES, (model,), "vector", protocol=protocol, **question)


@pytest.mark.parametrize("within", ["subject", "all", "others"])
def test_what_shows_a_tested_concept_changes_no_fitted_number(within):
    protocol = SharedStimuli(**ZERO_SHOT, within=within)
    before = fitted_numbers(study(protocol))
    assert len(before) == (1 if within == "all" else 3)
    assert fitted_numbers(study(protocol, ("c0",))) == before
    assert fitted_numbers(study(protocol, ("c1",))) != before
    kin = SharedStimuli(within=within)  # pictures alone: what is left of the concept is trained on
    assert fitted_numbers(study(kin, ("p0",), "stimulus")) == fitted_numbers(study(kin))
    assert fitted_numbers(study(kin, ("p1",), "stimulus")) != fitted_numbers(study(kin))


def test_the_plan_says_how_many_rows_that_costs():
    plan = make_plan(study(SharedStimuli(**ZERO_SHOT)))
    assert [one.fold.left_out for one in plan.folds] == [4, 4, 4]
    (note,) = (one for one in plan.notes if "concept" in one)
    assert note == (
        "3 of 3 folds leave rows out of training that show a tested concept: 4 in 00/split-test, "
        "which is the most."
    )
    assert make_plan(study(SharedStimuli())).notes == ()


def test_labels_of_a_new_person_give_no_tested_picture_away():
    protocol = SharedStimuli(**ZERO_SHOT, within="others")
    access = TargetAccess(calibration=3)
    plan = make_plan(study(protocol, access=access))
    rows = plan.study.trials.rows
    for planned in plan.folds:
        fold = planned.fold
        assert len(fold.index("adapt")) == 3 and len(fold.index("test")) == 4
        assert "c0" not in rows["concept"][fold.labelled]


def test_a_protocol_that_breaks_its_second_claim_is_refused():
    class Broken(SharedStimuli):
        def split(self, rows, target, seed):
            for fold in super().split(rows, target, seed):
                mine = rows.where(subject=rows["subject"][fold.index("test")[0]], concept="c1")
                fold.role[mine] = 1
                yield fold

    with pytest.raises(LeakError, match="subject 00 is on both sides"):
        make_plan(study(Broken(**ZERO_SHOT, within="others")))
