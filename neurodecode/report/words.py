"""What the page says in words of what came out: of a score, an interval, a flag, a pattern."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from neurodecode.core.names import find
from neurodecode.harness.dependence import over_spread
from neurodecode.harness.opening import CEILING
from neurodecode.harness.paired_bootstrap import N_BOOTSTRAP
from neurodecode.harness.table_row import TableRow
from neurodecode.report.results import Results
from neurodecode.report.tables import number, spaced

FLAGS = {
    "history": "Not clearly better than baseline.history, which knows only the label of the trial "
    "before: the paired difference is not above zero with its 95 % interval. The order of the "
    "trials alone could give this score.",
    "clock": "Not clearly better than baseline.clock, which knows only when in the run a trial "
    "came: the paired difference is not above zero with its 95 % interval. Slow drifts could give "
    "this score.",
    "covariates": "Not clearly better than baseline.covariates, which knows only columns such as "
    "age, sex and site: the paired difference is not above zero with its 95 % interval. Those "
    "columns alone could give this score.",
    "test-set only": "One subject (or session, or fold) was tested, so the interval comes from its "
    "test trials alone. It does not say how the model would do on others.",
    "no_interval": "There is no interval: scores of units, or of draws of the test trials, are all "
    "equal, or two units train each other's models, so that their spread does not tell how the "
    "mean would vary.",
    "no_null": "The model answers the same however training labels are shuffled: it learns nothing "
    "from them, so the shuffled score is its own again, and no null.",
    "shared_preparation": "The preparation mixes samples of a recording over time, and training "
    "and test trials share recordings within its reach: what is tested may have touched the "
    "training signal.",
    "split_blocks": "Trials of one block are on both sides of a split. Neighbours in a block "
    "resemble each other whatever was shown, so the score may be far too high.",
    "shared_stimulus": "A stimulus is on both sides of a split: the score is of stimuli that the "
    "model was trained on, and does not say how it would do on new ones.",
    "overlap": "Windows of training trials overlap windows of test trials: the model has seen part "
    "of what it is tested on.",
    "transductive": "The model saw the test trials, without their labels, before it was tested.",
    "simulated": "The recordings were made by a generator with a planted effect: the score says "
    "what a model can do with such signals, nothing of brains. baseline.oracle is the ceiling.",
    "copied_recording": "A recording that is tested is the copy, sample for sample, of one under "
    "another id that was trained on: the model has seen it.",
    "copied_trials": "Trials that are tested are copies, sample for sample, of trials that were "
    "trained on: the model has seen them.",
    "looks_ahead": "The preparation looks into the future of what it prepares, and a decoder in "
    "use has no later samples: online there is no such score. It is here to be compared with "
    "pseudo_online.",
    "shuffled_windows": "Windows that overlap were shuffled into folds, so that most test windows "
    "share samples with training windows: noise scores far above chance. It is here to be compared "
    "with pseudo_online.",
    "plain_cosine": "Distances are all positive, so two RDMs have a cosine near 1 whatever they "
    "say: it ranks no model. Compare with chance, or use cosine_cov, corr or rho-a.",
    "ties": "The model says of many pairs that they are equally dissimilar, and spearman rewards "
    "that. rho-a and tau-a are fair to it.",
    "few_conditions": "There are fewer than seven conditions, so they have few pairs and few "
    "permutations: p cannot be small whatever is there, and intervals over conditions say little.",
    "grid_edge": "Of more than a tenth of the voxels (or other targets) the smallest or the "
    "largest penalty was chosen: a wider grid may do better, and voxels that cannot be told take "
    "the largest.",
    "one_subject": "There is one subject: the interval, if any, says how the score would vary with "
    "other conditions, not with other brains, and there is no noise ceiling.",
    "these_subjects": "The interval is over conditions alone: it does not say how the score would "
    "be in other subjects.",
    "these_conditions": "The interval is over subjects alone: it does not say how the score would "
    "be with other conditions, and is too narrow for that.",
    "updates unlabelled": "The model goes on learning while it is tested: each test trial was "
    "answered with what it and those before it tell, without labels, and never with a later one.",
    "updates delayed_labels": "The model goes on learning while it is tested: each test trial was "
    "answered with what it and those before it tell, and the labels of trials that had ended by "
    "then, and never with a later one.",
    "not_converged": "In at least one fold the loss of the network still fell when its training "
    "ended with the last pass: the score says little of what it can learn. Give more max_epochs.",
}


def flag_sentence(flag: str) -> str:
    """Say what a flag means for who reads the score."""
    if flag in FLAGS:
        return FLAGS[flag]
    if flag.startswith("ceiling_of_"):
        return (
            "Noise ceilings of so few subjects lie far apart, and the upper one is too high: each "
            "subject is part of the mean that is to tell it. They are not those of another number."
        )
    if flag == "geo_topological_chosen":
        return (
            "Compared are who is near whom and who is far, between two quantiles that were chosen "
            "for each subject by how well the others agree; no model and not the subject itself "
            "had a say. They stand beside its scores. Simulated, models are told apart no better "
            "by them than by dissimilarities; intervals do not choose anew."
        )
    if flag.startswith("geo_topological_"):
        return (
            "Compared are who is near whom and who is far, between two quantiles of each RDM, data "
            "and models alike. That this tells more than dissimilarities is not shown by it."
        )
    if flag.startswith("geodesic_"):
        return (
            "Compared are ways from neighbour to neighbour, which are joined up to a quantile of "
            "each RDM, data and models alike. That this tells more than dissimilarities is not "
            "shown by it."
        )
    if flag.startswith("own_conditions_"):
        return (
            "Subjects have different conditions; the numbers are the fewest and the most of one. "
            "Each is compared on those that it has and counts once, and ceilings are of what it "
            "shares with others."
        )
    if flag.startswith("calibration"):
        return (
            "The model was told the labels, or of an encoder the responses, of the first trials of "
            "each tested session, which are not tested: the number is trials, of each class where "
            "there are classes, or the part of the session."
        )
    if flag.startswith("unlabelled"):
        return (
            "The model saw some trials of the tested session without their labels; none of them is "
            "tested."
        )
    if flag.startswith("confound:"):
        return (
            "After the correction for it, trees still told this column from the features of "
            "training rows that were held out: what is left, such as an effect that is not linear, "
            "may carry the score."
        )
    if flag.startswith("projected:"):
        return (
            "Channels depend on one another: trials were projected on as many directions as they "
            "vary in (the first number). Affine-invariant distances lose nothing by it."
        )
    if flag.startswith("shrunk:"):
        return "Covariances of single trials had no inverse, so they were shrunk by this estimator."
    if flag.startswith("flat:"):
        return (
            "The quartiles of this many channels (or features) are equal over the training trials: "
            "they were centred, and not divided by a range. Look at them."
        )
    if flag.startswith("ridge:"):
        return (
            "This share of the mean eigenvalue was added to every eigenvalue of the covariances, "
            "also in directions that hold no signal."
        )
    if flag.startswith("constant:"):
        return (
            "This many voxels (or other targets) do not vary in training: they are answered by "
            "their mean. Leave out what was not recorded, by a mask."
        )
    if "groups not computed" in flag:
        return (
            "Groups of test trials that the metric does not apply to, such as those of one class."
        )
    if "jobs failed" in flag:
        return "Some fits ended in an error (below); the score is of the others."
    if "not run yet" in flag:
        return "Some fits are still to be run (below); the score is of the others."
    return "The protocol or the model declared this of its folds."


def interval_sentence(rows: Sequence[TableRow], inflation: Mapping[str, float]) -> str:
    """Say how the intervals of a table were made.

    Parameters
    ----------
    rows : sequence of TableRow
    inflation : mapping of str to float
        How many times means over units, and over rows, vary as much as independent ones, as the
        index says.
    """
    sizes = sorted({(row.n_units, row.unit) for row in rows if row.n_units})
    if not sizes:
        return "No interval: no score was computed."
    n_units, unit = sizes[-1]
    if n_units == 1:
        drawn = "the test trials, or their blocks where there are any"
        if any(row.tested == "window" for row in rows):
            drawn = "the tasks that were tested, each with all its windows and the idle before it"
        return (
            f"The 95 % interval is a percentile bootstrap ({N_BOOTSTRAP} draws) of the stored "
            f"predictions, over {drawn}. It says how "
            "the score would vary with other test trials, not with other people."
            f"{_widening(inflation['row'], 'trials')}"
        )
    how = "a bias-corrected bootstrap" if n_units >= 20 else "Student's t"
    factor = over_spread(inflation["unit"], n_units, inflation["repeats"])
    if math.isinf(factor):
        return (
            f"No interval over {n_units} {unit}s: they train each other's models, so that their "
            "spread does not tell how their mean varies."
        )
    widening = _widening(factor, f"{unit}s", int(inflation["repeats"]))
    return f"The 95 % interval is {how} over the means of {n_units} {unit}s.{widening}"


def chance_sentence(metrics: Sequence[str]) -> str:
    """Say what chance is, of the metrics of a table.

    Parameters
    ----------
    metrics : sequence of str

    Returns
    -------
    sentence : str
    """
    retrieving = [bool(find(metric, "metrics").retrieval) for metric in metrics]
    by_gallery = "What answers score that are as like one entry of the gallery as any other."
    of_labels = [m for m in metrics if "label" in find(m, "metrics").kinds]
    known = "how frequent the classes were" if of_labels else "the mean of what is told"
    by_training = f"What one who knows only {known} in training can expect."
    if all(retrieving):
        return by_gallery
    if any(retrieving):
        return f"{by_training} Of retrieval: {by_gallery[0].lower()}{by_gallery[1:]}"
    return by_training


def _widening(inflation: float, units: str, repeats: int = 1) -> str:
    if inflation == 1:
        return ""
    again = f" and {repeats} seeds test the same rows anew" if repeats > 1 else ""
    return (
        f" As tested {units} also train the models of the others{again}, it is "
        f"{math.sqrt(inflation):.2f} times as wide as their spread alone would make it."
    )


def best(results: Results, role: str = "model") -> TableRow | None:
    """Give the row of the best score under the first metric, or None without a score."""
    metric = results.index["metrics"][0]
    rows = [r for r in results.rows() if r.metric == metric and r.role == role and not r.note]
    return max(rows, key=lambda row: sign(metric) * row.mean, default=None)


def shuffled_how(index: Mapping[str, Any]) -> str:
    """Say what the shuffled null tells models in the place of the truth of their training rows."""
    if index["target"]["rotates"]:
        return (
            "what training rows are to tell moved on in time within its run, the end to the front, "
            "by a quarter of the run or more"
        )
    groups = {"run": "within run or block", "subject": "among all of their subject"}
    return f"training labels permuted {groups[index.get('shuffled_within', 'run')]}"


def verdict(results: Results) -> list[str]:
    """Say in a few sentences what came out under the first metric."""
    row, control = best(results), best(results, "control")
    if row is None:
        return ["No model has a score; the table says why."]
    n_models = sum(r.role == "model" and r.metric == row.metric for r in results.rows())
    over = counted(row.n_units, row.unit) if row.n_units > 1 else f"one {row.unit}"
    shuffled = row.shuffled_mean
    moved = results.index["target"]["rotates"]
    null = "training targets moved on in time" if moved else "shuffled training labels"
    interval = f"95 % interval {number(row.ci_low)} to {number(row.ci_high)}"
    if math.isnan(row.ci_low):
        interval = "no interval"
    said = [
        f"{f'Best of {n_models} models' if n_models > 1 else 'The model'}: {row.model}, "
        f"{spaced(row.shown_as)} {number(row.mean)} ({interval}) over {over} and "
        f"{counted(row.n_trials, row.tested)}; chance "
        + ("has no formula here" if math.isnan(row.chance) else f"is {number(row.chance)}")
        + ("." if shuffled is None else f", {null} give {number(shuffled)}.")
    ]
    up = sign(row.metric)
    low, high = sorted((up * row.ci_low, up * row.ci_high))
    if math.isnan(low):
        said.append("It has no interval: the spread of its scores does not tell how they vary.")
    elif math.isnan(row.chance):
        said.append("What the shuffled null and the controls reach stands in for it.")
    elif low > up * row.chance:
        said.append("It is better than chance: the interval does not reach it.")
    elif high < up * row.chance:
        said.append("It is worse than chance: the interval does not reach it.")
    else:
        said.append(
            f"Its interval includes chance: these {row.tested}s do not show that it reads anything."
        )
    if row.of_ceiling is not None:
        said.append(
            f"Over targets that are reliable enough it reaches {row.of_ceiling:.2f} of the noise "
            f"ceiling, which is {number(row.ceiling)}."
        )
    if control is not None:
        said.append(
            f"The best control, which sees no brain data, is {control.model} at "
            f"{number(control.mean)}."
        )
    bounds = [r for r in results.rows() if (r.role, r.metric) == ("ceiling", row.metric)]
    ceilings = {r.model: r for r in bounds if not r.note}
    oracle = ceilings.pop(CEILING, None)
    if oracle is not None:
        said.append(
            "The recordings were made: an oracle that knows the sources and the noise, but not the "
            f"truth, reaches {number(oracle.mean)}."
        )
    if ceilings:
        told = ", ".join(f"{name} {number(r.mean)}" for name, r in ceilings.items())
        said.append(f"Ceilings, told what no model may know: {told}.")
    said += _timing(results, row)
    bounds = [f"baseline.{flag}" for flag in ("history", "clock") if flag in row.flags]
    if bounds:
        said.append(
            f"{row.model} is not clearly better than {' and '.join(bounds)}, so what the design "
            "of the recording gives away could alone give this score."
        )
    if "covariates" in row.flags:
        said.append(
            f"{row.model} is not clearly better than baseline.covariates, so what is known of the "
            "people could alone give this score."
        )
    if n_models > 1:
        said.append("The best was picked by the scores below, which favours it a little.")
    return said


def ceilings_heading(rows: Sequence[TableRow]) -> str:
    """Say what the ceilings of a table know."""
    if all(row.model == CEILING for row in rows if row.role == "ceiling"):
        return "Ceiling: an oracle that knows sources and noise"
    return "Ceilings: told what no model may know"


def _timing(results: Results, row: TableRow) -> list[str]:
    """Say what the schedule of the runs gives away to who only looks at the clock."""
    clock = next(
        (r for r in results.rows()
         if r.model.startswith("baseline.clock") and r.metric == row.metric and not r.note),
        None,
    )  # fmt: skip
    if row.evaluation == "offline" or clock is None:
        return []
    told = (
        f"baseline.clock, which is given no brain and knows only when in the run each window lies, "
        f"reaches {number(clock.mean)}."
    )
    if sign(row.metric) * (row.mean - clock.mean) > 0:
        return [f"{told} What a model adds to that is what it reads."]
    return [
        f"{told} That is no less than the best model: rest and trials came at the same times in "
        "the runs that were trained on and in those that were tested, so who learnt the schedule "
        "alone would do as well. In use nobody keeps to a schedule, and this score does not say "
        "what the model is worth there; look at recordings with rests of chance length, and at "
        "tasks told apart within the trials."
    ]


def pattern_notes(are_components: Collection[bool]) -> list[str]:
    """Say how to read patterns, of classes (False), of components (True) or of both."""
    said = {
        False: "The more the model leans to a class, the higher the signal is where the map of the "
        "class is above zero, and the lower where it is below. Values are those of the prepared "
        "signal for one unit of the model's output: compare places, not models.",
        True: "Components have no order, sign or size of their own: those of each fit were matched "
        "to those of the first, and each map has its own colour scale.",
    }
    return [sentence for kind, sentence in said.items() if kind in are_components]


def beside_offline(
    results: Results, offline: Results | None
) -> dict[str, tuple[TableRow, TableRow]]:
    """Give each model's rows offline and online, of the first metric that both have."""
    if offline is None:
        return {}
    for metric in results.index["metrics"]:
        rows = [
            {row.model: row for row in one.rows() if row.metric == metric and not row.note}
            for one in (offline, results)
        ]
        shared = [model for model in rows[0] if model in rows[1]]
        if shared:
            return {model: (rows[0][model], rows[1][model]) for model in shared}
    return {}


def online_notes(results: Results) -> list[str]:
    """Say how to read scores of decoders that ran over recordings, and what the clock means."""
    said = [
        "A decoder ran over each tested recording, window after window; what lies in no task is "
        "idle. An activation is a decision for a task that was not decided just before; in idle it "
        "is false, and in the second after a task it is counted by itself. Windows overlap, so "
        "intervals of one subject draw whole tasks, each with the idle before it, never windows."
    ]
    metric = results.index["metrics"][0]
    clock = next(
        (r for r in results.rows() if r.metric == metric and r.model.startswith("baseline.clock")),
        None,
    )
    model = best(results)
    if clock is None or clock.note or model is None:
        return said
    better = sign(metric) * (clock.mean - model.mean) >= 0
    said.append(
        f"The clock sees no brain: it knows how long a recording has run, and when tasks came in "
        f"the recordings that it was trained on. It reaches {number(clock.mean)} where "
        f"{model.model} reaches {number(model.mean)} ({spaced(metric)}). "
        + (
            "Tasks and rest keep a schedule here, so that time alone tells more than the decoder "
            "does: its score does not show that it reads a brain, and someone who chooses when to "
            "act would not keep that schedule."
            if better
            else "What a decoder reaches beyond it is not explained by the schedule of the "
            "recording; what it reaches up to there might be."
        )
    )
    return said


def counted(n: int, noun: str) -> str:
    """Give a number with its noun, in the plural where it is not one."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def sign(metric: str) -> int:
    """Give 1 where a larger score is better, -1 where a smaller one is."""
    return 1 if find(metric, "metrics").direction == "up" else -1
