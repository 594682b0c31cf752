"""Named sets of metrics: sizes, filters and bytes as published tables have them."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.core.resizing import resize, resize_bytes
from neurodecode.metrics.image import pixcorr, ssim
from neurodecode.metrics.views import SETS, expanded

# Pixels of a side at which each is judged, as the public code of both has them.
JUDGED = {
    "mindeye": {"alexnet_2": 256, "alexnet_5": 256, "inception": 342, "clip": 224,
                "efficientnet": 255, "swav": 224},
    "brain_diffuser": dict.fromkeys(
        ("alexnet_2", "alexnet_5", "inception", "clip", "efficientnet", "swav"), 224
    ),
}  # fmt: skip


def pictures(seed, size=64, channels=3):
    return np.random.default_rng(seed).random((3, size, size, channels), dtype=np.float32)


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_eight_metrics_that_carry_its_name(name):
    found = expanded(["two_way", name])
    assert found[0] == "two_way"
    assert len(found) == 9
    assert all(f"@{name}" in one for one in found[1:])
    assert [find(one, "metrics").name for one in found] == list(found)
    directions = [find(one, "metrics").direction for one in found[1:]]
    assert directions == ["up"] * 6 + ["down"] * 2


@pytest.mark.parametrize("name", SETS)
def test_judges_are_handed_the_size_of_the_set(name):
    sizes = {judge: one(pictures(0)).shape[1:3] for judge, one in SETS[name].judges.items()}
    assert sizes == {judge: (size, size) for judge, size in JUDGED[name].items()}
    assert SETS[name].pixels(pictures(0)).shape[1:3] == (425, 425)


def test_mindeye_stores_at_256_pixels_and_stays_in_float():
    several = pictures(0, 512)
    stored = np.clip(resize(several, 256), 0, 1)
    np.testing.assert_array_equal(SETS["mindeye"].judges["inception"](several), resize(stored, 342))
    np.testing.assert_array_equal(SETS["mindeye"].judges["alexnet_2"](several), stored)
    np.testing.assert_array_equal(SETS["mindeye"].pixels(several), resize(stored, 425))


def test_brain_diffuser_is_of_bytes_that_pillow_resizes():
    several = pictures(0, 512)
    made = SETS["brain_diffuser"].judges["clip"](several)
    np.testing.assert_array_equal(made, resize_bytes(several, 224, "bilinear"))
    pixels = SETS["brain_diffuser"].pixels(several)
    np.testing.assert_array_equal(pixels, resize_bytes(several, 425, "bicubic"))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("judged", [pixcorr, ssim], ids=lambda one: one.name)
def test_pixels_of_a_set_are_scored_at_its_size(name, judged):
    true, pred = pictures(0), pictures(1)
    prepare = SETS[name].pixels
    found = find(f"{judged.name}@{name}", "metrics")
    assert found(true, pred) == pytest.approx(judged(prepare(true), prepare(pred)), abs=1e-12)
    assert found(true, pred) != pytest.approx(judged(true, pred), abs=1e-3)


def test_sets_are_no_substitutes_for_each_other():
    true, pred = pictures(0), 0.5 * pictures(0) + 0.5 * pictures(1)
    one, other = (find(f"ssim@{name}", "metrics")(true, pred) for name in SETS)
    assert abs(one - other) > 0.01


def test_what_a_view_cannot_be_asked_is_said():
    with pytest.raises(ConfigError, match=r"two_way@mindeye: of the pixels of a set there are"):
        find("two_way@mindeye", "metrics")
    with pytest.raises(ConfigError, match=r"accuracy@edges: accuracy judges label, and features"):
        find("accuracy@edges", "metrics")
    with pytest.raises(ConfigError, match=r"no metric is called 'two_wy'\. Did you mean 'two_way'"):
        find("two_wy@edges", "metrics")
    found = find("top_1@edges", "metrics")
    said = found.evaluate(
        np.zeros((2, 3)), np.zeros((2, 3)), scores=None, score_kind="", kind="vector"
    )
    assert said == "top_1@edges judges picture, and the target is a vector"
