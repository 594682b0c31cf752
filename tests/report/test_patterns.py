"""Patterns: the mean over folds then subjects, components matched, places where they belong."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import neurodecode as nd
from neurodecode.core.space import Space
from neurodecode.report.maps import how_drawn, plot_patterns
from neurodecode.report.patterns import MeanPatterns, matched, mean_patterns, space_of

N_FEATURES = 5


@pytest.fixture
def two_subjects(tmp_path, models):
    """Results of one linear model: subject 1 has two runs, so two folds; subject 2 has three."""
    data, labels = {}, {}
    for i, (subject, n_runs) in enumerate({"1": 2, "2": 3}.items()):
        data[subject], labels[subject] = models.planted(i, n=10 * n_runs, shape=(N_FEATURES,))
    runs = pd.DataFrame({"run": np.repeat(["1", "2", "1", "2", "3"], 10)})
    return nd.evaluate(
        data, labels, ["linear.logistic"], protocol="cross_run", rows=runs, n_draws=1,
        controls=(), out=tmp_path / "r", verbose=False,
    )  # fmt: skip


def write_patterns(results, by_fold):
    """Put other patterns in the place of those that were stored."""
    for job in results.index["jobs"]:
        if job["draw"] is None:
            place = results.folder / "jobs" / job["key"] / "patterns.npz"
            place.unlink(missing_ok=True)
            if by_fold.get(job["fold"]) is not None:
                np.savez(place, **by_fold[job["fold"]])


def filled(value, name="class 1"):
    return {name: np.full(N_FEATURES, float(value))}


def test_the_mean_is_over_the_folds_of_each_subject_first(two_subjects):
    write_patterns(two_subjects, {
        "1/1/run-1": filled(0), "1/1/run-2": filled(2),
        "2/1/run-1": filled(3), "2/1/run-2": filled(3), "2/1/run-3": filled(6),
    })  # fmt: skip
    (found,) = mean_patterns(two_subjects)
    np.testing.assert_allclose(found.maps["b against a"], (1 + 4) / 2)  # over all folds: 14 / 5
    assert (found.n_fits, found.n_subjects, found.n_left_out) == (5, 2, 0)
    assert not found.are_components


def test_a_planted_feature_is_found_under_the_name_of_its_class(two_subjects):
    (found,) = mean_patterns(two_subjects)
    pattern = found.maps["b against a"]
    assert np.argmax(pattern) == 0  # the feature that is higher in class b
    assert pattern[0] > 3 * np.abs(pattern[1:]).max()
    assert found.model == "linear.logistic"


def test_shuffled_draws_have_no_part_in_it(two_subjects):
    before = mean_patterns(two_subjects)[0].maps["b against a"]
    for job in two_subjects.index["jobs"]:
        if job["draw"] is not None:
            place = two_subjects.folder / "jobs" / job["key"] / "patterns.npz"
            np.savez(place, **filled(1e6))
    np.testing.assert_array_equal(mean_patterns(two_subjects)[0].maps["b against a"], before)


def test_three_classes_have_a_map_each(tmp_path, models):
    X, y = models.planted(0, ("cat", "dog", "owl"), n=30, shape=(N_FEATURES,))
    results = nd.evaluate(X, y, ["linear.svm"], n_draws=0, controls=(), out=tmp_path, verbose=False)
    (found,) = mean_patterns(results)
    assert list(found.maps) == ["cat", "dog", "owl"]
    dog = found.maps["dog"]
    assert np.argmax(dog) == 0  # the feature that is higher for dogs
    assert dog[0] > max(found.maps["cat"][0], found.maps["owl"][0])


def test_fits_of_another_size_are_left_out_and_counted(two_subjects):
    write_patterns(two_subjects, {
        "1/1/run-1": filled(1), "1/1/run-2": filled(3), "2/1/run-1": {"class 1": np.ones(7)},
    })  # fmt: skip
    (found,) = mean_patterns(two_subjects)
    np.testing.assert_allclose(found.maps["b against a"], 2)
    assert (found.n_fits, found.n_subjects, found.n_left_out) == (2, 1, 1)


def test_fits_to_other_sensors_of_the_same_number_are_left_out_and_counted(two_subjects, tmp_path):
    """Where people have sensors of their own, those of the first recording are kept."""
    each = {one["name"]: {"attention": V} for one in two_subjects.index["folds"]}
    write_patterns(two_subjects, {**each, "2/1/run-1": {"attention": 9 * V}})
    place = two_subjects.folder / "jobs.json"
    index = json.loads(place.read_text())
    for one in index["folds"]:
        one["elsewhere"] = one["name"] == "2/1/run-1"
    place.write_text(json.dumps(index))
    results = nd.load_results(two_subjects.folder)
    (found,) = mean_patterns(results)
    np.testing.assert_allclose(found.maps["attention"], V)
    assert (found.n_fits, found.n_left_out) == (4, 1)
    page = results.report(tmp_path).read_text()
    assert "at the sensors of the first recording that it was trained on. Mean over 4" in page
    assert "1 fitted model of other channels or voxels left out" in page


def test_patterns_of_no_known_space_are_not_drawn(two_subjects):
    write_patterns(two_subjects, {"1/1/run-1": {"class 1": np.ones(7)}})
    assert mean_patterns(two_subjects) == []


V = np.array([1.0, 2.0, -1.0, 0.5, 0.0])
W = np.array([0.0, -1.0, 0.5, 2.0, 4.0])


def test_attention_is_averaged_as_it_is_and_stands_apart(two_subjects, tmp_path):
    write_patterns(two_subjects, {
        "1/1/run-1": {"attention": V}, "1/1/run-2": {"attention": -3 * V},
    })  # fmt: skip
    (found,) = mean_patterns(two_subjects)
    assert found.is_attention and not found.are_components
    np.testing.assert_allclose(found.maps["attention"], -V)  # no sign is turned, nothing scaled
    page = two_subjects.report(tmp_path).read_text()
    assert "<h2>Attention over sensors</h2>" in page and "<h2>Patterns</h2>" not in page


def test_components_are_matched_in_order_and_sign_before_they_are_averaged(two_subjects):
    """The second fit has the same two components, turned, in the other order and far larger."""
    write_patterns(two_subjects, {
        "1/1/run-1": {"component 1": V, "component 2": W},
        "1/1/run-2": {"component 1": -100 * W, "component 2": 100 * V},
    })  # fmt: skip
    (found,) = mean_patterns(two_subjects)
    assert found.are_components
    np.testing.assert_allclose(found.maps["component 1"], V / 2)  # largest value 1, above zero
    np.testing.assert_allclose(found.maps["component 2"], W / 4)


def test_no_fit_of_a_component_counts_more_because_its_signal_is_larger(two_subjects):
    other = np.array([1.0, 2.0, -1.0, 0.5, 3.0])
    write_patterns(two_subjects, {
        "1/1/run-1": {"component 1": V}, "1/1/run-2": {"component 1": 1000 * other},
    })  # fmt: skip
    (found,) = mean_patterns(two_subjects)
    mean = V / np.linalg.norm(V) + other / np.linalg.norm(other)
    np.testing.assert_allclose(found.maps["component 1"], mean / mean.max())


def test_matching_takes_the_most_alike():
    to = {"one": V, "two": W}
    found = matched({"a": W + 0.1 * V, "b": -V}, to)
    np.testing.assert_array_equal(found["one"], V)
    np.testing.assert_array_equal(found["two"], W + 0.1 * V)
    assert list(found) == ["one", "two"]


def test_matching_bears_fewer_more_and_flat_components():
    to = {"one": V, "two": W}
    assert list(matched({"a": -W}, to)) == ["two"]
    more = matched({"a": -W, "b": np.ones(5), "c": V}, to)
    np.testing.assert_array_equal(more["one"], V)
    np.testing.assert_array_equal(more["two"], W)
    with_flat = matched({"a": np.zeros(5), "b": V}, to)
    np.testing.assert_array_equal(with_flat["one"], V)


def test_spaces_come_back_from_what_is_stored(results, two_subjects):
    for kept in (results, two_subjects):
        ((plain,),) = kept.index["spaces"].values()
        space = space_of(plain)
        assert len(space) == len(plain["names"])
        assert space.kind == plain["kind"]


def maps_of(space, names, values=None, are_components=False):
    values = np.linspace(-1, 1, len(space)) if values is None else values
    return MeanPatterns("m", dict.fromkeys(names, values), space, are_components, 3, 1, 0)


def electrodes(n, placed=True):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    positions = 0.08 * np.column_stack([np.cos(angle), np.sin(angle), np.full(n, 0.5)])
    positions[0] = (0, 0, 0.1)  # the top of the head: a bare ring has no map
    names = tuple(f"E{i}" for i in range(n))
    return Space("sensors", names, ("eeg",) * n, positions if placed else None, unit="V")


def test_sensors_are_drawn_on_a_head_where_their_places_are_known():
    patterns = maps_of(electrodes(12), ("one", "two"))
    figure = plot_patterns(patterns)
    assert [ax.get_title() for ax in figure.axes[:2]] == ["one", "two"]
    assert figure.axes[0].images  # an interpolated map, not bars
    assert how_drawn(patterns) == "Heads are seen from above, nose up: 12 EEG electrodes."
    # Unknown places: bars.
    assert not plot_patterns(maps_of(electrodes(12, placed=False), ("one",))).axes[0].images


def test_sensors_between_which_no_map_can_be_drawn_are_bars():
    positions = electrodes(12).positions
    assert positions is not None
    ring, pairs = positions[1:].copy(), positions.copy()
    pairs[6:] = pairs[:6]  # as the two gradiometers of one place
    for places in (ring, pairs, positions[:3]):
        names = tuple(f"E{i}" for i in range(len(places)))
        space = Space("sensors", names, ("eeg",) * len(names), places, unit="V")
        patterns = maps_of(space, ("one",))
        assert not plot_patterns(patterns).axes[0].images
        assert how_drawn(patterns) == f"All {len(names)} features."


def test_of_several_kinds_of_sensors_it_says_which_are_drawn():
    space = electrodes(12)
    mixed = replace(space, types=("mag",) * 5 + ("grad",) * 7)
    assert how_drawn(maps_of(mixed, ("one",))).endswith("5 magnetometers of 12 sensors.")


def voxels(affine, shape=(6, 8, 3)):
    ijk = np.argwhere(np.ones(shape, dtype=bool))
    return Space("voxels", affine=np.array(affine, dtype=float), shape=shape, ijk=ijk)


@pytest.mark.parametrize("x_step", [3, -3], ids=["right up the axis", "left up the axis"])
def test_slices_have_the_front_up_and_the_left_on_the_left(x_step):
    """Whichever way the file's first axis runs, as its affine says."""
    space = voxels(np.diag([x_step, 3, 3, 1]))
    world = space.ijk @ space.affine[:3, :3].T
    right_front = (world[:, 0] == world[:, 0].max()) & (world[:, 1] == world[:, 1].max())
    figure = plot_patterns(maps_of(space, ("one",), np.where(right_front, 5.0, -1.0)))
    ax = figure.axes[0]
    drawn = np.ma.filled(np.ma.masked_invalid(ax.images[0].get_array()), -np.inf)
    row, column = np.unravel_index(drawn.argmax(), drawn.shape)
    places = np.argwhere(np.isfinite(drawn))
    assert (row, column) == tuple(places.max(axis=0))
    assert ax.images[0].origin == "lower"  # rows run upwards, columns to the right
    assert {text.get_text(): text.get_position()[0] > 0.5 for text in ax.texts} == {
        "L": False,
        "R": True,
    }


def test_every_map_has_a_line_of_slices_with_its_name():
    space = voxels(np.diag([3, 3, 3, 1]), shape=(4, 4, 9))
    patterns = maps_of(space, ("face", "house"))
    figure = plot_patterns(patterns)
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 2 * 6
    assert [ax.get_ylabel() for ax in drawn if ax.get_ylabel()] == ["face", "house"]
    assert drawn[0].get_title() == "slice 1 of 9"
    assert how_drawn(patterns).startswith("The 6 of 9 slices with most voxels")


def test_all_maps_share_a_colour_scale_about_zero():
    space = voxels(np.diag([3, 3, 3, 1]), shape=(4, 4, 1))
    patterns = maps_of(space, ("a", "b"))
    patterns = replace(patterns, maps={"a": np.full(16, 1.0), "b": np.full(16, -2.5)})
    limits = {ax.images[0].get_clim() for ax in plot_patterns(patterns).axes if ax.images}
    assert limits == {(-2.5, 2.5)}


def test_features_without_a_place_are_bars_of_the_strongest():
    space = Space("features", tuple(f"f{i}" for i in range(30)))
    values = np.zeros(30)
    values[[3, 17]] = (2.0, -4.0)
    patterns = maps_of(space, ("one",), values)
    (ax,) = plot_patterns(patterns).axes
    widths = {
        label.get_text(): bar.get_width()
        for label, bar in zip(ax.get_yticklabels(), ax.patches, strict=True)
    }
    assert (widths["f3"], widths["f17"]) == (2.0, -4.0)
    assert len(widths) == 20
    assert how_drawn(patterns) == "The 20 of 30 features with the largest values."


def test_many_maps_of_features_are_a_heat_map():
    space = Space("features", tuple(f"f{i}" for i in range(6)))
    maps = {f"class {i}": np.arange(6.0) * i for i in range(12)}
    figure = plot_patterns(replace(maps_of(space, ("one",)), maps=maps))
    image = figure.axes[0].images[0].get_array()
    np.testing.assert_array_equal(image, np.stack(list(maps.values()), axis=1))
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == list(maps)


def test_maps_of_zeros_can_be_drawn(tmp_path):
    space = voxels(np.diag([3, 3, 3, 1]), shape=(4, 4, 1))
    plot_patterns(maps_of(space, ("one",), np.zeros(16))).savefig(tmp_path / "flat.png")


def test_the_page_has_the_maps_of_classes(two_subjects, read_page, tmp_path):
    shutil.copytree(two_subjects.folder, tmp_path / "copy")
    page = read_page(nd.load_results(tmp_path / "copy").report())
    assert page.alts("Maps of") == ["Maps of linear.logistic: b against a."]
    assert "first within and then over 2 tested subjects" in page.text
    assert "leans to a class" in page.text
