"""What the page says of reconstructed pictures: grids, or scores where none may be shown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from neurodecode.report.embedded import Picture, as_webp
from neurodecode.report.reconstructed import (
    MEAN,
    SHUFFLED,
    Line,
    Reconstructed,
    reconstructed,
)
from neurodecode.report.reconstruction_grid import (
    N_SCORES,
    how_chosen,
    reconstruction_figure,
    two_decimals,
    which_scores,
)
from neurodecode.report.results import Results
from neurodecode.report.tables import spaced

_TITLES = {"ranked": "Best, middle and worst", "first": "The first ones, as they come"}
_CEILINGS = {
    "true condition": "What a generator gives that is told the conditions of the true picture, "
    "instead of what the brain says of them.",
    "round trip": "The true picture, taken through the codec of the model and back: what the codec "
    "can hold of it.",
    "class mean": "The mean training picture of the true class: what the class alone "
    "gives away. A model above it tells one picture of a class from another.",
    "oracle": "What is told by who knows the sources and the noise of the simulation, but "
    "not the picture.",
}


@dataclass(frozen=True)
class Grid:
    """Pictures that were chosen in one way: drawn, or the scores of each."""

    title: str
    caption: str
    drawn: Picture | None
    lines: list[str]
    metrics: str
    scores: list[tuple[str, str, list[str]]]  # kind, picture, cells line by line


@dataclass(frozen=True)
class Reconstructions:
    """What the page says of the pictures that were told."""

    grids: list[Grid]
    terms: list[tuple[str, str]]


def reconstructions(results: Results) -> Reconstructions | None:
    """Show what was told of a few pictures, or its scores where none may be shown.

    Parameters
    ----------
    results : Results

    Returns
    -------
    found : Reconstructions or None
        None where no pictures are told, or none has a score.
    """
    found = reconstructed(results)
    if not found:
        return None
    return Reconstructions([_grid(one) for one in found], list(_terms(results, found[0])))


def _grid(found: Reconstructed) -> Grid:
    drawn, told = None, how_chosen(found)
    if found.may_be_shown:
        figure, told = reconstruction_figure(found)
        drawn = as_webp(figure, f"{told} {_read_aloud(found)}")
    return Grid(
        title=_TITLES[found.choice],
        caption=told,
        drawn=drawn,
        lines=[line.name for line in found.lines],
        metrics=which_scores(found),
        scores=[
            (kind, name, [_cell(line, i, found.metrics) for line in found.lines])
            for i, (kind, name) in enumerate(zip(found.trials["kind"], found.names, strict=True))
        ],
    )


def _cell(line: Line, i: int, metrics: Sequence[str]) -> str:
    return "  ".join(two_decimals(line.scores[metric][i]) for metric in metrics[:N_SCORES])


def _read_aloud(found: Reconstructed) -> str:
    """Say the first score of each picture, of the first model and of the mean picture."""
    metric = found.metrics[0]
    lines = [line for line in found.lines if line.role == "mean" or line.name == found.model]
    told = "; ".join(
        " ".join(
            filter(
                None,
                [kind, name, ", ".join(two_decimals(line.scores[metric][i]) for line in lines)],
            )
        )
        for i, (kind, name) in enumerate(zip(found.trials["kind"], found.names, strict=True))
    )
    return f"{spaced(metric)} of {' and of the '.join(line.name for line in lines)}: {told}."


def _terms(results: Results, found: Reconstructed) -> Iterator[tuple[str, str]]:
    """Say what the lines are, and how metrics of pictures are to be read."""
    index = results.index
    roles = {line.role for line in found.lines}
    if "mean" in roles:
        yield MEAN, "The mean of the pictures that were trained on: told without a brain."
    if "shuffled" in roles:
        yield (
            SHUFFLED,
            f"{found.model}, trained on pictures that were dealt anew to the brains, all else "
            "being as it was: one draw.",
        )
    stands_for = {one["model"]: one["ceiling"] for one in index["ceilings"]}
    names = [line.name for line in found.lines if line.role == "ceiling"]
    kinds = [
        stands_for.get(name, name.partition("(")[0].removeprefix("baseline.")) for name in names
    ]
    for kind in dict.fromkeys(spaced(one) for one in kinds):
        if kind in _CEILINGS:
            yield kind, _CEILINGS[kind]
    metrics = index["metrics"]
    if "pixcorr" in metrics:
        yield (
            "pixcorr",
            "Chance is not 0, since every picture is like the mean of all: read it beside the mean "
            "training picture. It may fall while more of the meaning is told: what is sharp and "
            "lies a little off correlates less than a blur.",
        )
    if any(name.startswith("ssim") for name in metrics):
        yield (
            "ssim",
            "It prefers smooth grey: the mean training picture may score above a sharp picture of "
            "the right thing. Never rank by it alone.",
        )
    seen = any("shared_stimulus" in row.flags for row in results.rows())
    leans = len(index["folds"]) > 1 and index["likeness"] != "centered_cosine" and not seen
    if "two_way" in metrics and leans:
        yield (
            "two-way",
            "It may lie below .5 where nothing is told: with all repeats of a picture left out of "
            "training, the mean of the others leans away from it. Compare with shuffled labels.",
        )
    resolved = yaml.safe_load(results.resolved) or {}
    mixed = [one for one in _values(resolved.get("models"), "post_mix") if one]
    if mixed:
        yield (
            "post-mix",
            "Pictures of the generator were mixed with the low-level picture it began from (share: "
            f"{', '.join(map(str, dict.fromkeys(mixed)))}). That raises pixcorr and ssim, and says "
            "nothing of what the generator adds.",
        )
    adapted = [
        row.model for row in results.rows() if row.role == "model" and "transductive" in row.flags
    ]
    if adapted:
        yield (
            "transductive",
            f"{', '.join(dict.fromkeys(adapted))} saw all test trials before telling any, as by "
            "scaling answers by their own statistics: what is told of a picture depends on which "
            "others were tested.",
        )


def _values(plain: Any, name: str) -> Iterator[Any]:
    """Give what stands under a name, however deep, in plain data."""
    if isinstance(plain, Mapping):
        for key, value in plain.items():
            if key == name and not isinstance(value, Mapping | list):
                yield value
            yield from _values(value, name)
    elif isinstance(plain, list):
        for one in plain:
            yield from _values(one, name)
