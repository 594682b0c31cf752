"""Which of 200 new pictures was seen, in worlds where waves tell it, rhythms, or both.

    python tests/studies/picture_worlds.py --out results/picture_worlds

writes the table of README.md and the figure beside it; what was computed before is not computed
again. ``--device cuda`` trains on a GPU.
"""

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from neurodecode.cli import main as neurodecode
from neurodecode.report.results import Results

HERE = Path(__file__).resolve().parent
SEEDS = (0, 1, 2)
WORLDS: dict[str, dict[str, float]] = {
    "evoked": {"evoked": 1.0, "induced": 0.0, "noise": 1.8},
    "induced strong": {"evoked": 0.0, "induced": 3.0, "noise": 0.8},
    "mixed B": {"evoked": 0.5, "induced": 3.0, "noise": 1.0, "jitter": 0.02},
}
NOISE = {  # of the figure: levels about that of the world
    "evoked": (0.9, 1.3, 1.8, 2.5, 3.6),
    "induced strong": (0.8, 1.6, 2.4, 3.2, 4.8),
    "mixed B": (0.5, 1.0, 1.6, 2.4, 3.6),
}
PREPARED = [
    {"baseline": {"tmin": -0.2, "tmax": -0.01}},
    {"scale": {"per": "channel", "center": "median", "clamp": 20.0}},
]
_NETWORK = {"preset": "tiny", "repeats": "one", "baseline": 0.2, "random_state": 0}
LINEAR: dict[str, Any] = {
    "ridge": [*PREPARED, "align.ridge"],
    "ridge on power": [PREPARED[0], {"band_power": {"sfreq": 100.0}}, "align.ridge"],
    "ridge on both": [
        *PREPARED, {"band_power": {"sfreq": 100.0, "keep_samples": True}}, "align.ridge",
    ],
}  # fmt: skip


def _network(name: str, patience: int) -> dict[str, Any]:
    return {name: {**_NETWORK, "training": {"max_epochs": 400, "patience": patience}}}


LONG = "nice (tiny), patience 25"  # its training ends where many another would have been left
NETWORKS: dict[str, Any] = {
    "nice (tiny)": _network("align.nice", patience=6),
    LONG: _network("align.nice", patience=25),
    "benchetrit (tiny)": _network("align.benchetrit", patience=25),
}
ORACLE = "oracle"


def scores(
    world: str,
    seed: int,
    folder: Path,
    models: Mapping[str, Any],
    n_draws: int = 0,
    device: str = "cpu",
    **changes: float,
) -> dict[str, dict[str, Any]]:
    """Run models on one world; what was run before is there.

    Parameters
    ----------
    world : str
        One of `WORLDS`.
    seed : int
        Of the world; it has one person.
    folder : Path
        Gets the card, the experiment and its results.
    models : mapping of str to object
        Their names here, and what an experiment says of them.
    n_draws : int
        Of the shuffled null.
    device : str
        On what networks are trained.
    **changes : float
        Arguments of the generator that differ from the world's.

    Returns
    -------
    found : dict of str to dict
        Of each model and of the oracle: ``top_1``, ``top_5``, ``two_way``, ``shuffled`` (top-1) and
        ``flags``.
    """
    made = {"effect": 1.0, "seed": seed, **WORLDS[world], **changes}
    name = "_".join(
        [world.replace(" ", "_"), str(seed), *(f"{k}{v:g}" for k, v in changes.items())]
    )
    folder.mkdir(parents=True, exist_ok=True)
    card = folder / f"{name}_card.yaml"
    card.write_text(
        yaml.safe_dump(
            {
                "name": name,
                "modality": "eeg",
                "simulate": {"generator": {"eeg_meg.picture_epochs": made}},
                "tasks": {
                    "latent": {
                        "target": {"vector": "latent"},
                        "protocol": {"shared_stimuli": {"held_out": "concept"}},
                    }
                },
            }
        )
    )
    experiment = folder / f"{name}_{next(iter(models)).split(' ')[0]}.yaml"
    experiment.write_text(
        yaml.safe_dump(
            {
                "title": f"{world}, seed {seed}",
                "data": {"card": str(card), "task": "latent", "simulate": "full"},
                "models": list(models.values()),
                "controls": ["baseline.mean_target"],
                "aggregate": {"by": ["subject", "stimulus"]},
                "score": {"within": ["subject"], "likeness": "centered_cosine"},
                "metrics": ["top_1", "top_5", "two_way"],
                "shuffled": {"n_draws": n_draws},
                "device": device,
            },
            sort_keys=False,
        )
    )
    code = neurodecode(["run", str(experiment), "--engine", "inline", "--out", str(folder)])
    assert code == 0, f"{experiment} ended with {code}."
    rows = Results(folder / experiment.stem).rows()
    found: dict[str, dict[str, Any]] = {}
    for metric in ("top_1", "top_5", "two_way"):
        of_metric = [row for row in rows if row.metric == metric]
        of_models = [row for row in of_metric if row.role == "model"]  # in the order asked
        ceiling = [row for row in of_metric if row.role == "ceiling"]
        for name, row in zip([*models, ORACLE], [*of_models, *ceiling], strict=True):
            found.setdefault(name, {"flags": row.flags})[metric] = row.mean
            if metric == "top_1":
                found[name]["shuffled"] = row.shuffled_mean
    return found


def table(folder: Path, device: str) -> list[tuple[str, ...]]:
    """Give a line for each world and model: top-1, top-5 and two-way of each seed, and the null."""
    lines = []
    for world in WORLDS:
        each = [scores(world, seed, folder, LINEAR, n_draws=3) for seed in SEEDS]
        others = [scores(world, seed, folder, NETWORKS, 1, device) for seed in SEEDS]
        for name in (*LINEAR, *NETWORKS, ORACLE):
            mine = [one[name] for one in (others if name in NETWORKS else each)]
            flags = sorted({flag for one in mine for flag in one["flags"]} & {"not_converged"})
            nulls = [one["shuffled"] for one in mine if one["shuffled"] is not None]
            top_1, top_5 = (_percent(one[key] for one in mine) for key in ("top_1", "top_5"))
            two_way = ", ".join(f"{one['two_way']:.3f}" for one in mine)
            null = f"{100 * np.mean(nulls):.1f}" if nulls else "–"
            lines.append((world, name, top_1, top_5, two_way, null, ", ".join(flags)))
    return lines


HEAD = (
    "world",
    "model",
    "top-1 of each seed, %",
    "top-5, %",
    "two-way",
    "shuffled, top-1",
    "flags",
)


def figure(folder: Path, path: Path, device: str) -> None:
    """Draw top-1 of each model over the noise of each world, of the first seed."""
    from matplotlib.figure import Figure

    networks = {name: one for name, one in NETWORKS.items() if name != LONG}
    drawn = Figure(figsize=(10, 3.2), layout="constrained")
    axes = drawn.subplots(1, len(WORLDS), sharey=True)
    for axis, (world, levels) in zip(axes, NOISE.items(), strict=True):
        found = [
            {
                **scores(world, SEEDS[0], folder, LINEAR, noise=noise),
                **scores(world, SEEDS[0], folder, networks, device=device, noise=noise),
            }
            for noise in levels
        ]
        for name in (*LINEAR, *networks, ORACLE):
            top = [100 * one[name]["top_1"] for one in found]
            style = "--" if name == ORACLE else "-"
            axis.plot(levels, top, style, marker="o", markersize=3, label=name)
        axis.axhline(0.5, color="0.6", linewidth=0.8)
        axis.set(title=world, xlabel="noise", xscale="log", xticks=levels)
        axis.set_xticklabels([f"{one:g}" for one in levels])
        axis.minorticks_off()
    axes[0].set_ylabel("top-1 of 200, %")
    axes[-1].legend(fontsize="small", frameon=False)
    drawn.savefig(path)


def _percent(values: Iterable[float]) -> str:
    return ", ".join(f"{100 * one:.1f}" for one in values)


def main() -> None:
    """Write the table between its markers, and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    parser.add_argument("--device", default="cpu", help="on what networks are trained")
    arguments = parser.parse_args()
    rows = [HEAD, ["---"] * len(HEAD), *table(arguments.out, arguments.device)]
    made = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    page = HERE / "README.md"
    text = page.read_text(encoding="utf-8")
    begin, end = "<!-- table: picture_worlds -->\n", "<!-- end -->"
    before, after = text.split(begin)
    page.write_text(f"{before}{begin}{made}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")
    figure(arguments.out, HERE / "picture_worlds.svg", arguments.device)


if __name__ == "__main__":
    main()
