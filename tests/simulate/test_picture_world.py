"""The linear world of specs: an oracle above ridge above chance; and worlds too large to hold."""

import resource
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from neurodecode.metrics.retrieval import top_1, two_way
from neurodecode.models.linear.ridge import Ridge
from neurodecode.simulate.fmri.pictures import Pictures
from neurodecode.simulate.fmri.vectors import Vectors
from neurodecode.steps.scale import Scale

SHAPES = Pictures(
    pictures="shapes", size=40, n_pictures=150, n_test=30, n_voxels=60, n_components=25, repeats=3
)


def test_what_is_written_in_pieces_is_what_the_signal_has(tmp_path):
    signal = replace(SHAPES).signal("01", "1", "1")
    trials = SHAPES.write(tmp_path, "01")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["fmri.npy", "picture.npy"]
    np.testing.assert_array_equal(trials.array("fmri"), signal.data)
    assert trials.rows["stimulus"].tolist() == signal.events["stimulus"].tolist()
    at = signal.events["at:picture"].to_numpy()
    pictures = trials.array("picture")
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures / 255, signal.tables["picture"][at].reshape(len(at), -1))
    # Repeats share a picture: 150 are on disk for 450 trials.
    assert len(np.load(tmp_path / "picture.npy", mmap_mode="r")) == 150
    assert trials.take([3, 9]).array("fmri").shape == (2, 60)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_the_linear_world_the_oracle_is_above_ridge_and_ridge_above_chance(seed):
    """Sizes of the world of 16 latents, 800 voxels, 1,000 pictures of 3 showings and 200 of test.

    The effect is chosen by the oracle's top-1, as the text of that world says: 50 to 90 %.
    """
    made = Vectors(
        vectors={"tokens": 216}, regions={"visual": 800}, n_latents=16, n_stimuli=1200,
        n_test=200, repeats=3, effect=0.075, seed=seed,
    )  # fmt: skip
    signal = made.signal("01", "1", "1")
    events = signal.events
    # The three showings of a stimulus are averaged, and so are the oracle's answers to each: a
    # Gaussian posterior of the mean is more than the mean of posteriors, so this one is modest.
    order = np.argsort(events["stimulus"].to_numpy(), kind="stable")
    tracks = signal.tracks
    betas, tokens, told = (
        one[order].astype(np.float64).reshape(1200, 3, -1).mean(axis=1)
        for one in (signal.data, tracks["tokens"], tracks["oracle:tokens"])
    )
    tested = (events["split"].to_numpy()[order] == "test")[::3]
    scale = Scale().fit(betas[~tested])
    ridge = Ridge(alphas=tuple(np.logspace(1, 6, 11)))
    ridge.fit(scale.transform(betas[~tested]), tokens[~tested])
    found = ridge.predict(scale.transform(betas[tested]))
    oracle, model = (top_1(tokens[tested], one) for one in (told[tested], found))
    assert 0.5 <= oracle <= 0.9
    assert oracle > model + 0.1
    assert model > 10 / 200  # chance is 1 / 200
    assert two_way(tokens[tested], told[tested]) > two_way(tokens[tested], found) > 0.8
    shuffled = np.random.default_rng(seed).permutation(200)
    assert two_way(tokens[tested], found[shuffled]) == pytest.approx(0.5, abs=0.07)  # 3.5 s.d.


LARGE = textwrap.dedent("""
    import resource, sys
    from pathlib import Path

    import numpy as np

    from neurodecode.core.target import Target
    from neurodecode.protocols.columns import Columns
    from neurodecode.simulate.fmri.pictures import Pictures

    made = Pictures(
        pictures="shapes", size=425, n_pictures=10_000, n_test=1_000, repeats=3, n_voxels=1_000,
        n_components=25, effect=0.2,
    )
    trials = made.write(Path(sys.argv[1]), "01")
    assert len(trials) == 30_000
    fold = next(Columns().split(trials.rows, Target("vector", signal="picture"), 0))
    train, seen, total = trials.take(fold.index("train")), 0, 0.0
    assert len(train) == 27_000
    for batch in train.batches(64, 0):
        betas, pictures = batch.array("fmri"), batch.array("picture")
        assert pictures.shape == (len(batch), 425 * 425 * 3) and pictures.dtype == np.uint8
        seen, total = seen + len(batch), total + float(betas.sum()) + float(pictures[:, 0].sum())
    assert seen == 27_000
    held = {}
    for line in Path("/proc/self/status").read_text().splitlines():
        held[line.split(":")[0]] = line.split(":")[1].strip()
    print("peak", held["VmHWM"], "of which memory maps now", held["RssFile"])
""")
GB = 1_000_000_000


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
def test_thirty_thousand_trials_of_large_pictures_are_held_by_a_gigabyte(tmp_path):
    """Pictures of 5.4 GB are written and read through within the size of the betas and 1 GB.

    The limit is on memory of the process's own; pages of memory maps, which the system takes back
    when it needs them, do not count.
    """
    betas = 30_000 * 1_000 * 4
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (betas + GB, betas + GB)),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "picture.npy").stat().st_size > 5.4 * GB
    print(done.stdout)
