"""Rows of a table as text, Markdown, CSV or JSON."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from neurodecode.harness.table import TableRow

_HEAD = ("model", "metric", "score", "95 % interval", "chance", "shuffled", "units", "flags")


def format_rows(rows: Sequence[TableRow], form: str) -> str:
    """Give table rows in a format.

    Parameters
    ----------
    rows : sequence of TableRow
    form : {"text", "md", "csv", "json"}
        JSON is a list of objects with the fields of `TableRow`; numbers that do not exist are null.

    Returns
    -------
    text : str
    """
    if form == "json":
        return json.dumps([_plain(row) for row in rows], indent=1)
    if form == "csv":
        out = io.StringIO()
        fields = list(_plain(rows[0])) if rows else []
        writer = csv.DictWriter(out, fields, lineterminator="\n")
        writer.writeheader()
        for row in rows:
            plain = _plain(row)
            writer.writerow(
                {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in plain.items()}
            )
        return out.getvalue().rstrip("\n")
    cells = [_cells(row) for row in rows]
    notes = list(dict.fromkeys(f"{row.model}: {row.note}" for row in rows if row.note))
    if form == "md":
        lines = [_HEAD, ["---"] * len(_HEAD), *cells]
        table = [
            "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
        ]
        return "\n".join(table + [f"\n{note}" for note in notes])
    widths = [max(len(line[i]) for line in (_HEAD, *cells)) for i in range(len(_HEAD))]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (_HEAD, *cells)
    ]
    return "\n".join(aligned + notes)


def number(value: float | None) -> str:
    """Three decimals, or a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def spaced(name: str) -> str:
    """Name of a metric as words: ``balanced accuracy``, ``ROC AUC``."""
    return " ".join(word.upper() if word in ("roc", "auc") else word for word in name.split("_"))


def interval(row: TableRow) -> str:
    """Both ends of a row's interval, or a dash."""
    if row.ci_low is None or math.isnan(row.ci_low):
        return "–"
    return f"[{row.ci_low:.3f}, {row.ci_high:.3f}]"


def null(row: TableRow) -> str:
    """Mean of the shuffled null, with its standard deviation where there are several draws."""
    if row.shuffled_mean is None:
        return "–"
    spread = "" if row.shuffled_sd is None else f" (s.d. {row.shuffled_sd:.3f})"
    return f"{row.shuffled_mean:.3f}{spread}"


def _cells(row: TableRow) -> list[str]:
    score = number(row.mean) if row.note == "" else row.note.partition(":")[0]
    units = f"{row.n_units} {row.unit}{'s' if row.n_units != 1 else ''}, {row.n_trials} trials"
    flags = ", ".join(row.flags)
    return [
        row.model,
        row.metric,
        score,
        interval(row),
        number(row.chance),
        null(row),
        units,
        flags,
    ]


def _plain(row: TableRow) -> dict[str, object]:
    plain = asdict(row)
    plain["flags"] = list(row.flags)
    return {key: _null_for_nan(value) for key, value in plain.items()}


def _null_for_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _null_for_nan(one) for key, one in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
