"""What each of two stages from brain to picture is worth, where the picture's meaning is known.

    python tests/studies/two_stage.py --out results/two_stage

writes the table of README.md and the figure beside it; what was computed before is not computed
again. The world is that of the card `simulated_scenes`, one person: tokens say shape, colour and
ground, and neither place nor size.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from judge import Judge

from neurodecode.metrics.image import pixcorr, ssim
from neurodecode.metrics.retrieval import two_way
from neurodecode.simulate.fmri.pictures import Pictures

HERE = Path(__file__).resolve().parent
SEEDS = (0, 1, 2)
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
PUBLISHED = 0.75  # strength; and what is mixed back from stage 1 by some
POST_MIX = 0.25
# Of a world that is not scored (seed 9), 1,500 steps of the U-Net drew blobs of the right colour.
CODEC: dict[str, Any] = {"autoencoder": {"n_updates": 1500}}
GENERATOR: dict[str, Any] = {"unet": {"codec": CODEC, "n_updates": 6000}}
TRUTH, ROUND_TRIP, MEAN = "the picture itself", "round trip (ceiling)", "mean training picture"
STAGE_1, RAW = "stage 1, renormalised", "stage 1, raw ridge"
TRUE_TOKENS = "true tokens, from noise"
SHUFFLED = f"stage 2, strength {PUBLISHED:g}, shuffled brain"
MIXED = f"stage 2, strength {PUBLISHED:g}, {POST_MIX:g} of stage 1 mixed back"
COLUMNS = ("pixcorr", "ssim", "two_way", "shape", "colour", "background")


def stage_2(strength: float) -> str:
    """Name the row of stage 2 at this strength."""
    return f"stage 2, strength {strength:g}"


@dataclass(frozen=True, eq=False)
class Seen:
    """Brains and pictures of one world.

    Parameters
    ----------
    X, X_test : ndarray, shape (n, n_voxels)
        Single trials to train on; means over three showings to test on.
    y, y_test : ndarray of float32, shape (n, 32, 32, 3)
    tokens, tokens_test : ndarray of float32, shape (n, 8, 32)
    rows : DataFrame
        ``subject`` and ``stimulus`` of the training rows.
    table : DataFrame
        ``shape``, ``colour`` and ``background`` of the test rows.
    """

    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray
    tokens: np.ndarray
    tokens_test: np.ndarray
    rows: pd.DataFrame
    table: pd.DataFrame


def world(seed: int, n_pictures: int = 2200, n_test: int = 200) -> Seen:
    """Show one person pictures; betas are standardized by the training rows."""
    made = Pictures(
        pictures="shapes", size=32, n_pictures=n_pictures, n_test=n_test, repeats=1,
        test_repeats=3, n_voxels=600, fields=0.0, whitened=True, n_components=25, effect=2.1,
        seed=seed,
    ).signal("01", "1", "1")  # fmt: skip
    assert made.data is not None
    events = made.events.assign(shape=made.events["label"], subject="01")
    tested = (events["split"] == "test").to_numpy()
    at = events["at:picture"].to_numpy()
    X = (made.data - made.data[~tested].mean(axis=0)) / made.data[~tested].std(axis=0)
    shown, first = np.unique(at[tested], return_index=True)
    pictures, tokens = (made.tables[name].astype(np.float32) for name in ("picture", "semantic"))
    return Seen(
        X[~tested],
        np.stack([X[tested & (at == one)].mean(axis=0) for one in shown]),
        pictures[at[~tested]],
        pictures[shown],
        tokens[at[~tested]],
        tokens[shown],
        events.loc[~tested, ["subject", "stimulus"]].reset_index(drop=True),
        events[tested].iloc[first][["shape", "colour", "background"]].reset_index(drop=True),
    )


def reconstructed(seen: Seen) -> dict[str, np.ndarray]:
    """Give pictures of the test rows by row of the table, each shape (n, 32, 32, 3)."""
    from neurodecode.models.generate.autoencoder import Autoencoder
    from neurodecode.models.generate.brain_diffuser import BrainDiffuser

    def diffuser(**arguments: Any) -> Any:
        return BrainDiffuser(
            preset="tiny", low=CODEC, generator=GENERATOR, random_state=0, **arguments
        )

    def fitted(model: Any, order: np.ndarray | None = None) -> Any:
        """Fit; with an order, brains are those of other pictures."""
        X = seen.X if order is None else seen.X[order]
        return model.fit(X, seen.y, rows=seen.rows, signals={"semantic": seen.tokens})

    mean = np.broadcast_to(seen.y.mean(axis=0), seen.y_test.shape)
    found = {TRUTH: seen.y_test, MEAN: mean}
    for name, renorm in ((STAGE_1, "loo"), (RAW, "none")):
        codec = Autoencoder(renorm=renorm, random_state=0, **CODEC["autoencoder"]).fit(
            seen.X, seen.y, rows=seen.rows
        )
        found[name] = codec.predict(seen.X_test)
    for strength in STRENGTHS:
        model = fitted(diffuser(strength=strength))
        found[stage_2(strength)] = model.predict(seen.X_test)
    # The last starts from noise, so that its true condition is all that it is told.
    ceilings = model.ceilings(seen.y_test, {"semantic": seen.tokens_test})
    found[ROUND_TRIP], found[TRUE_TOKENS] = ceilings["round trip"], ceilings["true condition"]
    found[MIXED] = fitted(diffuser(strength=PUBLISHED, post_mix=POST_MIX)).predict(seen.X_test)
    order = np.random.default_rng(0).permutation(len(seen.X))
    found[SHUFFLED] = fitted(diffuser(strength=PUBLISHED), order).predict(seen.X_test)
    return {name: found[name] for name in ROWS}


ROWS = (
    TRUTH, ROUND_TRIP, MEAN, STAGE_1, RAW, TRUE_TOKENS, *map(stage_2, STRENGTHS), SHUFFLED, MIXED,
)  # fmt: skip


def scores(seen: Seen, found: dict[str, np.ndarray], judge: Judge) -> dict[str, dict[str, float]]:
    """Score pictures, row by row of the table; columns as in `COLUMNS`."""
    of_truth, table = judge.features(seen.y_test), {}
    for name, pictures in found.items():
        table[name] = {
            "pixcorr": float(pixcorr(seen.y_test, pictures)),
            "ssim": float(ssim(seen.y_test, pictures)),
            "two_way": float(two_way(of_truth, judge.features(pictures))),
            **judge.accuracy(pictures, seen.table),
        }
    return table


def of_seed(
    seed: int, folder: Path, make: Callable[[Seen], dict[str, np.ndarray]] = reconstructed
) -> tuple[dict[str, dict[str, float]], dict[str, np.ndarray]]:
    """Give scores and a dozen pictures a row, of one seed; what was made before is there."""
    path, drawn = folder / f"seed_{seed}.json", folder / f"seed_{seed}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        seen = world(seed)
        found = make(seen)
        np.savez(drawn, **{name: pictures[:12] for name, pictures in found.items()})
        judge = Judge.trained(folder / "judge.safetensors")
        path.write_text(json.dumps(scores(seen, found, judge), indent=1))
    with np.load(drawn) as file:
        return json.loads(path.read_text()), {name: file[name] for name in file.files}


HEAD = (
    "output",
    "PixCorr",
    "SSIM",
    "two-way (judge)",
    "shape",
    "colour",
    "ground",
)


def table(folder: Path) -> list[tuple[str, ...]]:
    """Give a line for each output: the mean over seeds, and in brackets the lowest and highest."""
    each = [of_seed(seed, folder)[0] for seed in SEEDS]

    def said(name: str, column: str) -> str:
        values = [one[name][column] for one in each]
        return f"{np.mean(values):.3f} [{min(values):.3f}, {max(values):.3f}]"

    return [(name, *(said(name, column) for column in COLUMNS)) for name in each[0]]


def figure(folder: Path, path: Path) -> None:
    """Draw scores over strength, and pictures of the first seed, a row each output."""
    from matplotlib.figure import Figure

    each = [of_seed(seed, folder)[0] for seed in SEEDS]
    _, pictures = of_seed(SEEDS[0], folder)
    drawn = Figure(figsize=(10, 5), layout="constrained")
    left, right = drawn.subfigures(1, 2, width_ratios=(1, 1.4))
    axes = left.subplots()
    for column in ("pixcorr", "ssim", "shape"):
        values = [
            np.mean([one[name][column] for one in each])
            for name in (STAGE_1, *map(stage_2, STRENGTHS))
        ]
        label = "shape told by the judge" if column == "shape" else column
        axes.plot((0, *STRENGTHS), values, marker="o", markersize=3, label=label)
    axes.set(xlabel="strength (0: stage 1 alone)", ylabel="score", ylim=(0, 1))
    axes.legend(fontsize="small", frameon=False)
    for axis, (name, several) in zip(right.subplots(len(pictures), 1), pictures.items(),
                                     strict=True):  # fmt: skip
        axis.imshow(np.concatenate(list(several[:8]), axis=1).clip(0, 1), interpolation="none")
        axis.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=6)
        axis.set(xticks=(), yticks=())
    drawn.savefig(path)


def main() -> None:
    """Write the table between its markers, and the figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of results")
    arguments = parser.parse_args()
    rows = [HEAD, ["---"] * len(HEAD), *table(arguments.out)]
    made = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    page = HERE / "README.md"
    text = page.read_text(encoding="utf-8")
    begin, end = "<!-- table: two_stage -->\n", "<!-- end -->"
    before, after = text.split(begin)
    page.write_text(f"{before}{begin}{made}\n{end}{after.split(end, 1)[1]}", encoding="utf-8")
    figure(arguments.out, HERE / "two_stage.svg")


if __name__ == "__main__":
    main()
