"""`nd.compare`: whether one model is better than another, with the test in every line."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from neurodecode.harness.compare import (
    Comparison,
    Correction,
    compare_results,
)
from neurodecode.harness.paired_tests import Test
from neurodecode.harness.store import Store
from neurodecode.linalg.permutation import Alternative
from neurodecode.report.results import Results
from neurodecode.report.tables import LAYOUTS, as_csv, ends, number, plain

FORMATS = ("text", "md", "latex", "csv", "json")
_NUMBERS = ("first", "second", "difference", "p", "p corrected")
_HEAD = (
    "comparison", "metric", "first", "second", "difference", "95 % interval",
    "d_z [95 % interval]", "p", "p corrected", "test", "flags",
)  # fmt: skip


class Comparisons:
    """Paired comparisons of models.

    Parameters
    ----------
    rows : sequence of Comparison
        A difference is the first model's score less the second's.
    notes : sequence of str
        What the experiments ask differently, where there are several.
    """

    def __init__(self, rows: Sequence[Comparison], notes: Sequence[str]):
        self.rows, self.notes = tuple(rows), tuple(notes)

    def table(self) -> pd.DataFrame:
        """Give the comparisons as a table, one row each, with a column a unit's difference.

        Returns
        -------
        table : DataFrame
            ``first second metric first_mean second_mean difference ci_low ci_high dz dz_low
            dz_high p p_adjusted n_units unit test flags note``, and a column a unit.
        """
        frame = pd.DataFrame([vars(row) for row in self.rows])
        frame["flags"] = [", ".join(row.flags) for row in self.rows]
        units = pd.DataFrame([row.per_unit for row in self.rows])
        return pd.concat([frame.drop(columns="per_unit"), units], axis=1)

    def text(self, form: str = "text") -> str:
        """Give the comparisons in a format.

        Parameters
        ----------
        form : {"text", "md", "latex", "csv", "json"}
            JSON is an object of ``comparisons``, a list of objects with the fields of
            `neurodecode.harness.compare.Comparison`, and ``notes``; numbers that do not exist are
            null. CSV has no notes: its flags name what differs.

        Returns
        -------
        text : str
        """
        if form == "json":
            listed = {"comparisons": [plain(row) for row in self.rows], "notes": list(self.notes)}
            return json.dumps(listed, indent=1)
        if form == "csv":
            return as_csv(self.rows)
        missing = [f"{row.first} – {row.second}: {row.note}" for row in self.rows if row.note]
        return LAYOUTS[form](
            _HEAD, [_cells(r) for r in self.rows], [*missing, *self.notes], _NUMBERS
        )

    def __repr__(self) -> str:
        return self.text()


def compare(
    *results: Results | str | Path,
    metric: str | None = None,
    models: Sequence[str] | None = None,
    against: str | None = None,
    test: Test = "auto",
    alternative: Alternative = "two-sided",
    correction: Correction = "holm",
) -> Comparisons:
    """Compare models of one experiment, or of several, by paired tests over units.

    Within one results folder each pair of models is compared. Across folders each model with the
    same one in the others; where no model is in two of them, each with each. Where there is one
    unit, such as one subject, the test is a paired bootstrap of its test trials, flagged
    ``test-set only``: it says nothing of other subjects.

    Parameters
    ----------
    results : Results or path
    metric : str, optional
        The first metric of the first results without.
    models : sequence of str, optional
        Which models, controls included; all models and no control without.
    against : str, optional
        Compare with this model or control alone.
    test : {"auto", "sign_flip", "wilcoxon", "corrected_t"}
        Over several units. Sign flips: all of them up to 20 units, 9999 drawn above. Where units
        train the models that others are tested on, as in leave-one-subject-out, their scores are
        not independent, and ``auto`` takes the corrected t test in place of sign flips.
    alternative : {"two-sided", "greater", "less"}
        Of the first score less the second.
    correction : {"holm", "fdr_bh", "none"}
        Over all comparisons that are made here.

    Returns
    -------
    comparisons : Comparisons
        Printed, it is a table; ``table()`` gives pandas.

    Raises
    ------
    ConfigError
        If a name is not there, or no pair of models has the same units.
    """
    stores = [one.store if isinstance(one, Results) else Store(Path(one)) for one in results]
    rows, notes = compare_results(
        stores,
        metric=metric,
        models=models,
        against=against,
        test=test,
        alternative=alternative,
        correction=correction,
    )
    return Comparisons(rows, notes)


def _cells(row: Comparison) -> list[str]:
    return [
        f"{row.first} – {row.second}",
        row.metric,
        number(row.first_mean),
        number(row.second_mean),
        _signed(row.difference),
        ends(row.ci_low, row.ci_high),
        "–" if math.isnan(row.dz) else f"{row.dz:.2f} [{row.dz_low:.2f}, {row.dz_high:.2f}]",
        _p(row.p),
        _p(row.p_adjusted),
        row.test if row.note == "" else "not compared",
        ", ".join(row.flags),
    ]


def _signed(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.3f}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}"
