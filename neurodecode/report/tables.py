"""Rows of a table as text, Markdown, LaTeX, CSV or JSON."""

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from neurodecode.harness.rsa.table import RsaRow
from neurodecode.harness.table_row import TableRow

# What TeX acts on, or, as < and > in its first font encoding, prints as something else.
_TEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': "''",
    "–": "--", "×": r"$\times$",
} | {sign: "\\" + sign for sign in "&%$#_{}"}  # fmt: skip
_NUMBERS = ("score", "ceiling", "chance")
_HEAD = ("model", "metric", "score", "95 % interval", "chance", "shuffled", "units", "flags")


def format_rows(rows: Sequence[TableRow], form: str) -> str:
    """Give table rows in a format.

    Parameters
    ----------
    rows : sequence of TableRow
    form : {"text", "md", "latex", "csv", "json"}
        JSON is a list of objects with the fields of `TableRow`; numbers that do not exist are null.

    Returns
    -------
    text : str
    """
    if form == "json":
        return json.dumps([plain(row) for row in rows], indent=1)
    if form == "csv":
        return as_csv(rows)
    notes = list(dict.fromkeys(f"{row.model}: {row.note}" for row in rows if row.note))
    head: list[str] = [*_HEAD]
    cells = [_cells(row) for row in rows]
    if any(row.evaluation != "offline" for row in rows):
        head.insert(1, "evaluation")
        for line, row in zip(cells, rows, strict=True):
            line.insert(1, spaced(row.evaluation).replace("pseudo online", "pseudo-online"))
    for name, place, cell in _OF_RSA:
        told = [cell(row) if isinstance(row, RsaRow) else "" for row in rows]
        if any(told):
            at = head.index(place)
            head.insert(at, name)
            for line, one in zip(cells, told, strict=True):
                line.insert(at, one or "–")
    if any(row.p is not None for row in rows):  # only where it was asked for
        place = head.index("units")
        head.insert(place, "p")
        for line, row in zip(cells, rows, strict=True):
            line.insert(place, p_value(row))
    if any(row.ceiling is not None for row in rows):
        place = head.index("chance")
        head[place:place] = ["ceiling", "of ceiling"]
        for line, row in zip(cells, rows, strict=True):
            line[place:place] = [number(row.ceiling), of_ceiling(row)]
        notes += ceiling_notes(rows)
    return LAYOUTS[form](head, cells, notes, _NUMBERS)


# Further columns of comparisons of RDMs: name, before which other, and what stands in it.
_OF_RSA: tuple[tuple[str, str, Callable[[RsaRow], str]], ...] = (
    ("region", "metric", lambda row: row.region),
    ("time", "metric", lambda row: "" if row.time is None else f"{round(row.time, 3) + 0:.3f} s"),
    ("ceiling", "chance", lambda row: ends(row.ceiling_low, row.ceiling_high).replace("–", "")),
)


def as_csv(rows: Sequence[Any]) -> str:
    """Give dataclasses of one kind as CSV with a head; lists and objects as JSON."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(plain(rows[0])) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in plain(row).items()}
        )
    return out.getvalue().rstrip("\n")


def as_text(
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    notes: Sequence[str],
    numbers: Sequence[str] = (),
) -> str:
    """Give aligned columns, notes below."""
    del numbers  # of which LaTeX alone makes a difference
    lines = [head, *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    aligned = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    return "\n".join([*aligned, *notes])


def as_markdown(
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    notes: Sequence[str],
    numbers: Sequence[str] = (),
) -> str:
    """Give a pipe table, notes below."""
    del numbers
    table = [
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |"
        for line in (head, ["---"] * len(head), *cells)
    ]
    return "\n".join(table + [f"\n{note}" for note in notes])


def as_latex(
    head: Sequence[str],
    cells: Sequence[Sequence[str]],
    notes: Sequence[str],
    numbers: Sequence[str] = (),
) -> str:
    """Give a ``tabular`` for booktabs, notes below it as small text; no row is set apart.

    Parameters
    ----------
    head : sequence of str
    cells : sequence of sequence of str
    notes : sequence of str
    numbers : sequence of str
        Columns set flush right.

    Returns
    -------
    text : str
        Needs the package booktabs; every sign that TeX would act on is escaped.
    """
    columns = "".join("r" if name in numbers else "l" for name in head)
    lines = [" & ".join(map(_tex, line)) + r" \\" for line in (head, *cells)]
    # A line that begins so would be read as an option of the line break, or rule, before it.
    lines = ["{}" + line if line.startswith(("[", "*")) else line for line in lines]
    small = [rf"\par\smallskip{{\footnotesize {_tex(note)}}}" for note in notes]
    return "\n".join(
        [
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            lines[0],
            r"\midrule",
            *lines[1:],
            r"\bottomrule",
            r"\end{tabular}",
            *small,
        ]
    )


LAYOUTS = {"text": as_text, "md": as_markdown, "latex": as_latex}


def number(value: float | None) -> str:
    """Three decimals, or a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:z.3f}"


def p_value(row: TableRow) -> str:
    """Give p, with four decimals where three are zero, and say where nothing was fitted anew."""
    if row.p is None or math.isnan(row.p):
        return "–"
    told = f"{row.p:.4f}" if row.p < 0.0005 else f"{row.p:.3f}"
    return f"{told} ({row.p_of})" if row.p_of in ("pairings", "blocks") else told


def shown_as(rows: Sequence[TableRow]) -> str:
    """Name of the metric of several rows, as the first that has a score shows it."""
    return next((row for row in rows if not row.note), rows[0]).shown_as


def spaced(name: str) -> str:
    """Name of a metric as words: ``balanced accuracy``, ``ROC AUC``."""
    return " ".join(word.upper() if word in ("roc", "auc") else word for word in name.split("_"))


def interval(row: TableRow) -> str:
    """Both ends of a row's interval, or a dash."""
    return ends(row.ci_low, row.ci_high)


def ends(low: float | None, high: float | None) -> str:
    """Both ends of an interval, or a dash."""
    if low is None or math.isnan(low):
        return "–"
    return f"[{low:z.3f}, {high:z.3f}]"


def of_ceiling(row: TableRow) -> str:
    """Give the fraction of the noise ceiling that a score reaches, with its interval."""
    if row.of_ceiling is None:
        return "–"
    if row.of_ceiling_low is None:
        return f"{row.of_ceiling:z.2f}"
    return f"{row.of_ceiling:z.2f} [{row.of_ceiling_low:z.2f}, {row.of_ceiling_high:z.2f}]"


def ceiling_notes(rows: Sequence[TableRow]) -> list[str]:
    """Say of what the noise ceilings are, a line a metric."""
    notes = []
    for row in {one.metric: one for one in rows if one.ceiling is not None}.values():
        of = "means of repeats" if row.ceiling_of == "mean_k" else "single rows"
        notes.append(
            f"{row.metric}: noise ceiling of {of} by {row.ceiling_by}, over {row.n_above} of "
            f"{row.n_targets} targets that are reliable enough"
        )
    return notes


def null(row: TableRow) -> str:
    """Mean of the shuffled null, with its standard deviation where there are several draws."""
    if row.shuffled_mean is None:
        return "–"
    spread = "" if row.shuffled_sd is None else f" (s.d. {row.shuffled_sd:.3f})"
    return f"{row.shuffled_mean:z.3f}{spread}"


def _cells(row: TableRow) -> list[str]:
    score = number(row.mean) if row.note == "" else row.note.partition(":")[0]
    units = f"{row.n_units} {row.unit}{'s' if row.n_units != 1 else ''}"
    tested = f"{row.n_trials} {row.tested}{'s' if row.n_trials != 1 else ''}"
    flags = ", ".join(row.flags)
    return [
        row.model,
        row.shown_as,
        score,
        interval(row),
        number(row.chance),
        null(row),
        f"{units}, {tested}",
        flags,
    ]


def plain(row: Any) -> dict[str, object]:
    """Give a dataclass as what JSON can hold: tuples as lists, None for what is no number."""
    return {
        key: _null_for_nan(list(value) if isinstance(value, tuple) else value)
        for key, value in asdict(row).items()
    }


def _null_for_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _null_for_nan(one) for key, one in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value


def _tex(text: str) -> str:
    """Escape what TeX would act on, and put what a line break would end on one line."""
    return "".join(_TEX.get(sign, sign) for sign in " ".join(text.split()))
