"""Write the generated tables of README.md and datasets/README.md between their markers.

    python docs/tables.py            what needs no run: models, protocols, cards
    python docs/tables.py --scores   also the score tables: runs the shipped experiments, or those
                                     that are named
    python docs/tables.py --planted  also that of simulated cards: runs all experiments on them,
                                     or those that are named, whose rows alone are made anew
    python docs/tables.py --studies  also that of the studies of other shapes

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. Experiments whose recordings
are not on this machine keep the table they have.
"""

import argparse
import contextlib
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from neurodecode.cli import main as neurodecode
from neurodecode.cli.list_ import names_of
from neurodecode.core.files import write_text
from neurodecode.data.cards import load_card
from neurodecode.harness.experiment import find_experiment, read_experiment
from neurodecode.harness.table_row import TableRow
from neurodecode.report.results import Results
from neurodecode.report.tables import format_rows, interval, null, number
from neurodecode.report.words import best

HERE = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "datasets/README.md", "tests/studies/README.md")
QUICKSTARTS = ("quickstart_eeg", "quickstart_fmri", "quickstart_meg", "quickstart_online",
               "quickstart_pictures", "quickstart_reconstruction",
               "simulated_fmri_encoding")  # fmt: skip
BENCHMARK = (
    "eegbci_left_right",
    "eegbci_left_right_cross_run",
    "eegbci_hands_feet",
    "eegbci_hands_feet_cross_run",
    "haxby2001_8way",
    "haxby2001_8way_vt",
    "haxby2001_8way_volumes",
    "haxby2001_8way_volumes_vt",
    "haxby2001_face_house",
    "haxby2001_face_house_volumes",
)
STUDIES = (  # file, what its recordings are planted by, what it needs, and what is set beside
    ("two_brains_decode", "two_brains", "folds within a person; voxels of each person's own", ()),
    ("two_brains_encode", "two_brains", "`direction: encode`; truth as wide as each brain", ()),
    ("listening", "listening", "`target: {series: …}`; sliding windows, purged", ()),
    ("diagnosis", "", "a row a person; `deconfound`; controls that see columns", ()),
    ("diagnosis", "", "the same, and `cross_group`",
     ("protocol={cross_group: {}}", "title='The same, sites left out'")),
    ("few_shots_pretrain", "", "`target: {none: true}`; a likelihood as the score", ()),
    ("few_shots", "", "`init`, checked for whom it saw; `calibration`", ()),
    ("two_views", "two_views", "`data: {pair: …}`; two signals a trial; partners kept apart", ()),
    ("unequal_lengths", "rhythms", "trials of unequal length; steps that give them one", ()),
    ("two_sensor_kinds", "", "`scale: {per: type}`; answers at each time", ()),
    ("several_bands", "rhythms", "an axis of bands, stacked by a step", ()),
    ("idle_between", "rhythms", "labels of windows by a rule; windows of one event a block", ()),
    ("which_picture", "seen_pictures", "`target: {vector: …}`; a gallery; mid-ranks", ()),
)  # fmt: skip
_MARKED = re.compile(r"(<!-- table: ([\w.]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Give a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def names(group: str) -> str:
    """Give the names of a group with the sentence that their documentation begins with."""
    rows = ((f"`{name}`", summary.replace("``", "`")) for name, summary in names_of(group).items())
    return markdown(("name", "what it does"), rows)


def cards() -> str:
    """Give the cards with what they hold."""
    rows = []
    for name, title in names_of("cards").items():
        card = load_card(name)
        licence = str(card.licence["name"])
        tasks, variants = ", ".join(card.tasks), ", ".join(card.variants) or "–"
        rows.append((f"`{name}`", title, card.modality, licence, card.access, variants, tasks))
    head = ("card", "title", "modality", "licence", "access", "variants", "tasks")
    return markdown(head, rows)


TABLES: dict[str, Callable[[], str]] = {
    "cards": cards,
    **{
        group: lambda group=group: names(group)
        for group in ("models", "steps", "preparations", "protocols", "metrics", "experiments")
    },
}


def score_tables(out: Path, names: Sequence[str]) -> dict[str, str]:
    """Run shipped experiments; give the tables of those whose recordings are here."""
    done = [name for name in names or (*QUICKSTARTS, *BENCHMARK) if _runs(name, out)]
    made = {}
    for name in set(done) & set(QUICKSTARTS):
        made[name] = format_rows(leading(Results(out / name)), "md")
    if set(BENCHMARK) <= set(done):
        made["benchmark"] = benchmark(out)
    return made


def leading(results: Results) -> list[TableRow]:
    """Give the rows of the first metric, offline and, where that was asked, online."""
    rows = results.all_rows()
    return [row for row in rows if row.metric == rows[0].metric]


def benchmark(out: Path) -> str:
    """Give one table of the accuracies of all experiments, the bounds of each beside it."""
    lines = []
    for name in BENCHMARK:
        rows = [row for row in Results(out / name).rows() if row.metric == "accuracy"]
        bounds = {row.model: number(row.mean) for row in rows if row.role == "control"}
        lines += [
            (
                f"`{name}`", f"`{row.model}`", f"{number(row.mean)} {interval(row)}",
                number(row.chance), null(row), bounds["baseline.clock"],
                bounds["baseline.history"], ", ".join(row.flags),
            )
            for row in rows
            if row.role == "model"
        ]  # fmt: skip
    head = ("experiment", "model", "accuracy", "chance", "shuffled", "clock", "history", "flags")
    return markdown(head, lines)


def planted(out: Path, names: Sequence[str], page: str) -> str:
    """Run experiments on simulated recordings; give what was planted and what was found.

    Where some are named, the rows of the others stay as `page` has them.
    """
    found = re.search(r"<!-- table: planted -->\n(.*?)<!-- end -->", page, re.DOTALL)
    kept = found.group(1).splitlines()[2:] if names and found else []
    cells = [tuple(line.strip("| ").split(" | ")) for line in kept]
    known = [name for name in names_of("experiments") if not name.endswith("_rsa")]
    lines = {name: one for one in cells if (name := one[0].strip("`")) in known}
    for name in names or known:
        resolved = read_experiment(find_experiment(name), ["data.simulate=full"])
        if neurodecode(["run", name, "--out", str(out), "--simulate"]) != 0:
            raise SystemExit(f"{name} does not run on simulated recordings.")
        data = resolved.experiment.data
        card = load_card(data.card)
        spec = card.simulate if card.wholly_simulated else card.variant(data.variant).simulate
        # A mean over a part of the runs has a lower ceiling than that of all.
        whole = not (data.runs and resolved.experiment.aggregate)
        declared = spec.ceiling.get(data.task, {}) if whole else {}
        effect = spec.generator.arguments.get("effect", 1.0)
        lines[name] = _planted_line(name, effect, declared, Results(out / resolved.name))
    head = ("experiment", "metric", "effect", "ceiling in the card", "oracle", "best model",
            "its score", "shuffled", "clock", "history", "chance")  # fmt: skip
    return markdown(head, [lines[name] for name in sorted(lines)])


def _planted_line(
    name: str, effect: float, ceilings: Mapping[str, float], results: Results
) -> tuple[str, ...]:
    metric, row = results.index["metrics"][0], _best(results)
    others = [one for one in results.rows() if one.metric == metric and one.role != "model"]
    beside = {one.model: number(one.mean) for one in others}
    declared = ceilings.get(metric)
    return (
        f"`{name}`", row.shown_as, f"{effect:g}",
        "–" if declared is None else number(declared), beside.get("baseline.oracle", "–"),
        f"`{row.model}`", f"{number(row.mean)} {interval(row)}", null(row),
        beside.get("baseline.clock", "–"), beside.get("baseline.history", "–"),
        number(row.chance),
    )  # fmt: skip


def studies(out: Path) -> str:
    """Run the studies of other shapes; give what each asks and found."""
    here = HERE / "tests" / "studies"
    sys.path.insert(0, str(here))
    import planted

    lines = []
    with tempfile.TemporaryDirectory() as data, contextlib.chdir(here):
        for n, (name, world, needs, changes) in enumerate(STUDIES):
            if world and not (Path(data) / world).exists():
                getattr(planted, world)(Path(data) if world == "two_views" else Path(data) / world)
            results = out / f"{n}" if changes else out
            sets = [word for change in changes for word in ("--set", change)]
            run = ["run", f"{name}.yaml", *sets, "--data", data, "--out", str(results)]
            if neurodecode(run) != 0:
                raise SystemExit(f"{name} does not run.")
            lines.append(_study_line(f"{name}.yaml", needs, Results(results / name)))
    head = ("study", "file", "what it needs", "metric", "best model", "its score", "chance",
            "shuffled", "oracle")  # fmt: skip
    return markdown(head, lines)


def _study_line(file: str, needs: str, results: Results) -> tuple[str, ...]:
    row, ceiling = _best(results), best(results, "ceiling")
    oracle = "–" if ceiling is None else number(ceiling.mean)
    return (
        results.title, f"`{file}`", needs, row.shown_as, f"`{row.model}`",
        f"{number(row.mean)} {interval(row)}", number(row.chance), null(row), oracle,
    )  # fmt: skip


def _best(results: Results) -> TableRow:
    """Give the best model's row, whether greater is better or lower; models may be refused."""
    row = best(results)
    if row is None:
        raise SystemExit(f"{results.folder}: no model has a score.")
    return row


def filled(text: str, made: dict[str, str]) -> str:
    """Give a page with the tables that were made; others stay as they are."""

    def fill(found: re.Match[str]) -> str:
        begin, name, end = found.groups()
        return f"{begin}{made[name]}\n{end}" if name in made else found.group()

    return _MARKED.sub(fill, text)


def _runs(name: str, out: Path) -> bool:
    return neurodecode(["run", name, "--out", str(out)]) == 0


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description="Write the generated tables.")
    parser.add_argument("--scores", nargs="*", metavar="NAME", help="run shipped experiments too")
    parser.add_argument("--out", type=Path, default=HERE / "results", help="results folder")
    parser.add_argument(
        "--planted", nargs="*", metavar="NAME", help="run them on simulated recordings"
    )
    parser.add_argument("--studies", action="store_true", help="run the studies of other shapes")
    arguments = parser.parse_args()
    made = {name: make() for name, make in TABLES.items()}
    if arguments.scores is not None:
        made |= score_tables(arguments.out, arguments.scores)
    if arguments.planted is not None:
        page = (HERE / "datasets" / "README.md").read_text(encoding="utf-8")
        made["planted"] = planted(arguments.out, arguments.planted, page)
    if arguments.studies:
        made["studies"] = studies(arguments.out / "studies")
    for page in PAGES:
        path = HERE / page
        write_text(path, filled(path.read_text(encoding="utf-8"), made))


if __name__ == "__main__":
    main()
