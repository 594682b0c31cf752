import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from neurodecode.core.errors import DataError
from neurodecode.core.gallery import Gallery, prototypes
from neurodecode.core.names import catalogue, find
from neurodecode.metrics.places import every, nearest, places
from neurodecode.metrics.retrieval import (
    median_rank,
    mrr,
    relative_rank,
    top_1,
    top_1_image_to_brain,
    top_5,
    top_5_image_to_brain,
    two_way,
    two_way_image_to_brain,
)

FOUND = [find(name, "metrics") for name in catalogue("metrics")]
STRICT = [one for one in FOUND if one.name.endswith("_strict")]  # ties count nothing there
METRICS = [one for one in FOUND if one.retrieval is not None and one not in STRICT]
BACK = [one for one in METRICS if one.retrieval.direction == "image_to_brain"]
LIKENESS = {
    "correlation": lambda a, b, c: np.corrcoef(a, b)[0, 1],
    "cosine": lambda a, b, c: a @ b / np.linalg.norm(a) / np.linalg.norm(b),
    "centered_cosine": lambda a, b, c: (
        (a - c) @ (b - c) / np.linalg.norm(a - c) / np.linalg.norm(b - c)
    ),
}


def pictures(seed=0, n=6, shape=(4, 3)):
    return np.random.default_rng(seed).normal(size=(n, *shape))


@st.composite
def reconstructions(draw):
    """Pictures of few different values, some of them alike, and reconstructions."""
    n, n_pixels = draw(st.integers(2, 12)), draw(st.integers(3, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shown = rng.integers(0, 3, size=(draw(st.integers(2, 8)), n_pixels)).astype(float)
    shown[:, 0] = np.arange(len(shown))  # so that no two are the same picture
    true = shown[rng.integers(len(shown), size=n)]
    return (
        true,
        true + draw(st.sampled_from([0, 0.5, 5])) * rng.integers(-1, 2, (n, n_pixels)),
        shown,
    )


def correlation(a, b):
    flat = np.ptp(a) == 0 or np.ptp(b) == 0
    return 0.0 if flat else stats.pearsonr(a, b).statistic


def one_by_one(true, pred, gallery):
    """Two-way and top-1 from the definition: each row against each picture of the gallery."""
    wins, firsts = [], []
    for shown, made in zip(true, pred, strict=True):
        own = correlation(shown, made)
        others = [correlation(one, made) for one in gallery if not np.array_equal(one, shown)]
        others = np.round(others, 10) - round(own, 10)  # equal but for rounding is tied
        wins.append(np.mean((others < 0) + (others == 0) / 2))
        firsts.append(np.all(others <= 0) / (1 + np.sum(others == 0)))
    return np.mean(wins), np.mean(firsts)


@given(reconstructions())
def test_identification_is_its_definition(made):
    true, pred, gallery = made
    expected = one_by_one(true, pred, gallery)
    assert two_way(true, pred, gallery=gallery) == pytest.approx(expected[0], abs=1e-12)
    assert top_1(true, pred, gallery=gallery) == pytest.approx(expected[1], abs=1e-12)


@given(reconstructions())
def test_the_gallery_is_the_pictures_scored_together_unless_given(made):
    true, pred, _ = made
    together = np.unique(true, axis=0)
    if len(together) < 2:
        with pytest.raises(DataError, match="there is one picture, so none to tell it from"):
            two_way(true, pred)
        return
    # However often each one is repeated there.
    repeated = np.concatenate([together, true])
    for metric in (two_way, top_1):
        assert metric(true, pred) == metric(true, pred, gallery=together)
        assert metric(true, pred) == metric(true, pred, gallery=repeated)
        assert metric.chance(true, np.zeros(0)) == metric.chance(true, None, gallery=repeated)


def test_the_gallery_holds_pictures_not_reconstructions():
    # Reconstructions A' = A and B' = A: of pictures, A' is right and B' wrong; of reconstructions,
    # as the transposed measure would have it, both would be tied.
    true = pictures(0, 2)
    assert two_way(true, true[[0, 0]]) == 0.5
    lean = true[[0, 0]] + 0.1 * true
    assert two_way(true, lean) == 0.5
    assert top_1(true, lean) == 0.5


def test_pictures_of_equal_pattern_are_tied_whatever_rounding_makes_of_them():
    one, other = pictures(0, 2)
    gallery = np.stack([one, 0.3 * one + 0.1, other])
    assert two_way(gallery[:1], gallery[:1], gallery=gallery) == 0.75
    assert top_1(gallery[:1], gallery[:1], gallery=gallery) == 0.5


@pytest.mark.parametrize("n", [50, 200])
def test_the_null_of_two_way_has_the_documented_mean_and_spread(n):
    rng, n_draws = np.random.default_rng(0), 1000
    drawn = [two_way(*rng.normal(size=(2, n, 30))) for _ in range(n_draws)]
    sd = 1 / np.sqrt(12 * n)
    assert abs(np.mean(drawn) - 0.5) < 4 * sd / np.sqrt(n_draws)
    # The s.e. of a s.d. from 1,000 draws is 2 %, and the formula is right to about 1 / n.
    assert np.std(drawn) == pytest.approx(sd, rel=0.1)


def by_definition(true, pred, gallery):
    """Places of the true pictures, from the definition: those before it, and those tied with it."""
    found = []
    for shown, made in zip(true, pred, strict=True):
        own = round(correlation(shown, made), 10)
        others = [correlation(one, made) for one in gallery if not np.array_equal(one, shown)]
        others = np.round(others, 10)
        found.append((int(np.sum(others > own)), int(np.sum(others == own))))
    return found


@given(reconstructions())
def test_places_are_their_definition(made):
    true, pred, gallery = made
    found = by_definition(true, pred, gallery)
    expected = np.median([1 + before + tied / 2 for before, tied in found])
    assert median_rank(true, pred, gallery=gallery) == pytest.approx(expected)
    share = np.mean([(before + tied / 2) / (len(gallery) - 1) for before, tied in found])
    assert relative_rank(true, pred, gallery=gallery) == pytest.approx(share)
    inverse = [np.mean([1 / (before + i + 1) for i in range(tied + 1)]) for before, tied in found]
    assert mrr(true, pred, gallery=gallery) == pytest.approx(np.mean(inverse))
    if len(gallery) < 6:
        return
    # Of all orders of the tied, the share in which the true one is among the first five.
    hits = [np.mean([before + i < 5 for i in range(tied + 1)]) for before, tied in found]
    assert top_5(true, pred, gallery=gallery) == pytest.approx(np.mean(hits))
    assert top_5(true, pred, gallery=gallery) >= top_1(true, pred, gallery=gallery) - 1e-12


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
@pytest.mark.parametrize("likeness", LIKENESS)
@pytest.mark.parametrize("answer", ["grey", "any", "the training mean"])
def test_answers_that_are_all_alike_are_at_chance(metric, likeness, answer):
    true = pictures(n=20)
    centre = 0.01 * pictures(1, n=1)[0].ravel()
    # In float32, as networks answer: what is left of the mean but for rounding is like nothing.
    said = {"grey": true[0] * 0 + 0.5, "any": pictures(2, n=1)[0], "the training mean": centre}
    pred = np.tile(said[answer].astype(np.float32).reshape(1, -1), (20, 1))
    gallery = Gallery(None, likeness, centre)
    expected = metric.chance(true, np.zeros(0), gallery)
    assert metric(true.reshape(20, -1), pred, gallery=gallery) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", STRICT, ids=lambda one: one.name)
def test_answers_that_are_all_alike_score_nothing_where_ties_count_nothing(metric):
    true = pictures(n=20).reshape(20, -1)
    pred = np.tile(true[:1] * 0 + 0.5, (20, 1))
    assert metric(true, pred, gallery=Gallery(None, "correlation")) == 0


def test_chance_is_that_of_places_that_are_equally_likely():
    true = pictures(n=20)
    for one, expected in (
        (top_1, 1 / 20), (top_5, 5 / 20), (median_rank, 10.5), (relative_rank, 0.5),
        (two_way, 0.5), (mrr, np.mean(1 / np.arange(1, 21))), (top_1_image_to_brain, 1 / 20),
        (top_5_image_to_brain, 5 / 20), (two_way_image_to_brain, 0.5),
    ):  # fmt: skip
        assert one.chance(true, np.zeros(0)) == pytest.approx(expected)
        # Twice as many pictures to tell from; the brains are those of the rows all the same.
        more = one.chance(true, np.zeros(0), np.concatenate([true, pictures(1, n=20)]))
        again = more if expected == 0.5 or one in BACK else expected
        assert (more == pytest.approx(expected)) == (again == more)


# Products of the brains of the pictures A, B, C with these. Each brain but that of A is most like
# A; each picture is most like its own brain. Whoever swaps the two finds the other's scores.
BY_HAND = np.array([[0.9, 0.1, 0.0], [0.7, 0.5, 0.2], [0.6, 0.3, 0.4]])


def test_a_brain_ranks_pictures_and_a_picture_ranks_brains():
    true, pred = np.eye(3), BY_HAND
    said = Gallery(true, "cosine")
    lengths = np.linalg.norm(BY_HAND, axis=1, keepdims=True)
    assert np.argmax(BY_HAND, axis=1).tolist() == [0, 0, 0]
    assert np.argmax(BY_HAND / lengths, axis=0).tolist() == [0, 1, 2]
    assert top_1(true, pred, gallery=said) == pytest.approx(1 / 3)
    assert top_1_image_to_brain(true, pred, gallery=said) == 1
    assert two_way(true, pred, gallery=said) == pytest.approx((2 + 1 + 1) / 6)
    assert two_way_image_to_brain(true, pred, gallery=said) == 1
    assert median_rank(true, pred, gallery=said) == 2
    assert mrr(true, pred, gallery=said) == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    # The published helper returns the transpose: brains as pictures and pictures as brains.
    swapped = Gallery(pred, "cosine")
    assert top_1(pred, true, gallery=swapped) == 1


@pytest.mark.parametrize("likeness", LIKENESS)
def test_likeness_is_its_definition(likeness):
    rng = np.random.default_rng(0)
    true, pred, centre = (rng.normal(size=shape) + 2 for shape in ((9, 6), (9, 6), 6))
    pred += 0.5 * true
    gallery = Gallery(np.concatenate([true, rng.normal(size=(5, 6))]), likeness, centre)
    likes = np.array([[LIKENESS[likeness](a, b, centre) for b in gallery.vectors] for a in pred])
    own = likes[np.arange(9), np.arange(9)][:, None]
    found = places(true, pred, gallery, "brain_to_image")
    assert found.better.tolist() == np.sum(likes > own, axis=1).tolist()
    assert found.n_candidates == 14
    back = places(true, pred, gallery, "image_to_brain")
    assert back.better.tolist() == np.sum(likes[:, :9] > own.T, axis=0).tolist()
    assert back.n_candidates == 9
    entries, likest = nearest(true, pred, gallery, 4)
    assert np.array_equal(entries, np.argsort(-likes, axis=1)[:, :4])
    assert likest == pytest.approx(-np.sort(-likes, axis=1)[:, :4])


def test_centring_tells_vectors_apart_that_share_a_mean():
    """Answers shrink towards the mean, and plain likeness then finds what lies near it: T19."""
    rng = np.random.default_rng(0)
    mean, direction = 20 * rng.normal(size=30), rng.normal(size=(40, 30))
    true = mean + rng.uniform(0.2, 3, size=(40, 1)) * direction
    pred = mean + 0.1 * direction + 0.05 * rng.normal(size=(40, 30))
    scores = [top_1(true, pred, gallery=Gallery(None, one, mean)) for one in LIKENESS]
    assert max(scores[:2]) < 0.2
    assert scores[2] > 0.9


def test_rows_of_several_folds_are_centred_by_their_own_mean():
    """Leave one out, and answer the mean: it leans away from each row, but says nothing."""
    true = np.random.default_rng(0).normal(size=(10, 5))
    centre = np.stack([np.delete(true, i, axis=0).mean(axis=0) for i in range(10)])
    by_fold = Gallery(None, "centered_cosine", centre, np.arange(10))
    for one in METRICS:
        chance = one.chance(true, None, by_fold)
        assert one(true, centre, gallery=by_fold) == pytest.approx(chance)
    pooled = Gallery(None, "centered_cosine", centre.mean(axis=0))
    assert two_way(true, centre, gallery=pooled) < 0.1
    # With one mean for all, rows may be told together or apart.
    alike = Gallery(None, "centered_cosine", np.tile(centre[0], (2, 1)), np.arange(10) % 2)
    one_mean = Gallery(None, "centered_cosine", centre[0])
    pred = true + np.random.default_rng(1).normal(size=true.shape)
    for one in METRICS:
        assert one(true, pred, gallery=alike) == one(true, pred, gallery=one_mean)
    with pytest.raises(DataError, match="it is not known here"):
        Gallery(None, "centered_cosine")


def test_a_picture_of_several_brains_is_ranked_by_their_mean():
    rng = np.random.default_rng(0)
    true, noise = rng.normal(size=(8, 6)), rng.normal(size=(3, 8, 6))
    pred = true + noise
    rows = np.concatenate([np.tile(true, (3, 1)), true[:2]])
    brains = np.concatenate([*pred, true[:2]])
    means = pred.mean(axis=0)
    means[:2] = (3 * means[:2] + true[:2]) / 4
    for one in BACK:
        assert one(rows, brains) == one(true, means)
        assert one.chance(rows, None) == one.chance(true, None)
    values, _ = top_1_image_to_brain.terms(rows, brains)
    assert np.flatnonzero(np.isfinite(values)).tolist() == list(range(8))


@settings(max_examples=40)
@given(reconstructions())
def test_more_places_bring_more_hits(made):
    true, pred, gallery = made
    found = places(true, pred, gallery, "brain_to_image")
    hits = [np.clip((k - found.better) / found.alike, 0, 1).mean() for k in range(len(gallery) + 1)]
    assert np.all(np.diff(hits) >= 0)
    assert hits[-1] == 1
    assert hits[1] == pytest.approx(top_1(true, pred, gallery=gallery))
    # What is above the first place is a share of the others, and half of what is below.
    above = relative_rank(true, pred, gallery=gallery)
    assert above == pytest.approx(1 - two_way(true, pred, gallery=gallery))


@settings(max_examples=40)
@given(reconstructions(), st.booleans(), st.sampled_from(["brain_to_image", "image_to_brain"]))
def test_every_place_is_that_of_the_own_one_among_them(made, given_gallery, direction):
    true, pred, gallery = made
    gallery = gallery if given_gallery else None
    if len(np.unique(true, axis=0)) < 2:
        return
    found, whole = (one(true, pred, gallery, direction) for one in (places, every))
    at = np.arange(len(whole.own))
    assert np.array_equal(whole.row, found.row)
    assert whole.n_candidates == found.n_candidates
    assert np.array_equal(whole.better[at, whole.own], found.better)
    assert np.array_equal(whole.alike[at, whole.own], found.alike)
    # If a picture had been another's: the same as scoring so.
    shown = np.unique(true, axis=0, return_index=True)[1]
    first, last = true[shown.min()], true[shown.max()]
    code = {row: int(own) for row, own in zip(whole.row.tolist(), whole.own, strict=True)}
    if direction == "brain_to_image":
        swapped = true.copy()
        is_first = np.all(true == first, axis=1)
        swapped[is_first] = last
        kept = None if gallery is None else gallery
        again = places(swapped, pred, np.unique(true, axis=0) if kept is None else kept, direction)
        mine = np.flatnonzero(is_first)
        assert np.array_equal(whole.better[mine, code[int(shown.max())]], again.better[mine])
        assert np.array_equal(whole.alike[mine, code[int(shown.max())]], again.alike[mine])


def concepts():
    """Six concepts of three to five pictures, of which one or two were shown."""
    rng = np.random.default_rng(0)
    concept = np.repeat([*"abcdef"], [3, 4, 5, 3, 4, 5])
    base = {name: rng.normal(size=8) for name in "abcdef"}
    pictures = np.stack([base[name] + 0.5 * rng.normal(size=8) for name in concept])
    shown = np.concatenate([np.flatnonzero(concept == name)[:2] for name in "abcdef"])
    return pictures, concept, np.delete(shown, 3)  # of b one alone


def test_a_prototype_is_the_mean_of_the_other_pictures_of_its_concept():
    vectors, concept, shown = concepts()
    means, rounds, own, round_of = prototypes(vectors, concept, shown)
    for mean, picture in zip(means, shown, strict=True):
        others = (concept == concept[picture]) & (np.arange(len(vectors)) != picture)
        assert mean == pytest.approx(vectors[others].mean(axis=0))
    assert rounds.shape == (2, 6)
    # Every round holds one of each concept, and each row finds its own in its round.
    for turn in rounds:
        assert [str(concept[shown[i]]) for i in turn] == [*"abcdef"]
    assert rounds[round_of, own].tolist() == list(range(len(shown)))
    assert rounds[1, 1] == rounds[0, 1]  # of b there is but one
    # One picture of each: a single gallery, as in the paper.
    assert prototypes(vectors, concept, shown[[0, 2, 3, 5, 7, 9]])[1].shape == (1, 6)


def test_prototypes_are_told_round_by_round():
    vectors, concept, shown = concepts()
    means, rounds, own, round_of = prototypes(vectors, concept, shown)
    gallery = Gallery(means, rounds=rounds, own=own, round_of=round_of)
    assert gallery.kind == "prototype"
    true = vectors[shown]
    pred = true + np.random.default_rng(1).normal(size=true.shape)
    expected = []
    for i, turn in enumerate(round_of):
        likes = [np.corrcoef(pred[i], means[entry])[0, 1] for entry in rounds[turn]]
        expected.append(np.argmax(likes) == own[i])
    assert top_1(true, pred, gallery=gallery) == pytest.approx(np.mean(expected))
    assert top_1.chance(true, None, gallery) == 1 / 6
    # The shown picture is in none of them, so it is no certain hit for who answers it.
    assert top_1(true, true, gallery=gallery) < 1
    # The other direction has brains for candidates, and pictures rank them.
    for one in BACK:
        assert one(true, pred, gallery=gallery) == one(true, pred)
    whole = every(true, pred, gallery, "brain_to_image")
    found = places(true, pred, gallery, "brain_to_image")
    assert np.array_equal(whole.better[np.arange(len(true)), whole.own], found.better)
    assert whole.own.tolist() == own.tolist()
    entries, _ = nearest(true, pred, gallery, 1)
    assert np.mean(entries[:, 0] == np.arange(len(true))) == pytest.approx(np.mean(expected))


def test_constant_answers_are_at_chance_among_prototypes_too():
    vectors, concept, shown = concepts()
    twice = np.delete(shown, np.flatnonzero(concept[shown] == "b"))
    means, rounds, own, round_of = prototypes(vectors, concept, twice)
    gallery = Gallery(means, rounds=rounds, own=own, round_of=round_of)
    pred = np.tile(vectors[7], (len(twice), 1))
    for one in (top_1, two_way, relative_rank, median_rank, mrr):
        chance = one.chance(vectors[twice], None, gallery)
        assert one(vectors[twice], pred, gallery=gallery) == pytest.approx(chance)


def test_a_constant_answer_is_at_chance_in_a_gallery_of_all_where_it_is_like_all_alike():
    rng = np.random.default_rng(0)
    # Of 40 pictures the 8 that are tested lie near the training mean, and the others far from it.
    mean = rng.normal(size=6)
    every_one = mean + np.where(np.arange(40) < 8, 0.1, 3.0)[:, None] * rng.normal(size=(40, 6))
    true, own = every_one[:8], np.arange(8)
    constant = np.tile(mean, (8, 1))
    centred = Gallery(every_one, "centered_cosine", mean, own=own)
    plain = Gallery(every_one, own=own)
    for one in (top_1, top_5, two_way, relative_rank, median_rank, mrr):
        chance = one.chance(true, None, centred)
        assert one(true, constant, gallery=centred) == pytest.approx(chance, abs=1e-12)
        flat = np.ones_like(constant)
        assert one(true, flat, gallery=plain) == pytest.approx(chance, abs=1e-12)
        # The pictures that are tested are nearest to it, so it places them first.
        assert one(true, constant, gallery=plain) != pytest.approx(chance, rel=0.1)
        assert one(true, constant) == pytest.approx(one.chance(true, None), abs=1e-12)


def test_a_concept_without_another_picture_is_told():
    vectors, concept, shown = concepts()
    with pytest.raises(DataError, match="the concept 'b' has one picture, so none to make"):
        prototypes(vectors[[0, 1, 3]], concept[[0, 1, 3]], np.array([0, 2]))
    with pytest.raises(DataError, match="all that is scored together is 'a'"):
        prototypes(vectors, concept, shown[:2])


def test_five_of_five_say_nothing():
    with pytest.raises(DataError, match="all of 5 pictures are among the first five"):
        top_5(pictures(n=5), pictures(n=5))


def test_of_an_encoder_the_measured_brain_ranks_the_pictures():
    """Swapping the directions gives other numbers, here as in life."""
    rng = np.random.default_rng(2)
    measured = rng.normal(size=(12, 5))
    predicted = 0.7 * measured + 0.6 * rng.normal(size=(12, 5))
    predicted[:, 0] += np.arange(12) / 2  # some pictures are like many brains
    alike = np.corrcoef(measured, predicted)[:12, 12:]  # a row a measured brain
    own = np.diag(alike)
    encoder = Gallery(told="brain")
    by_brains, by_pictures = (alike < own[:, None]).mean() * 12 / 11, (alike < own).mean() * 12 / 11
    assert two_way(measured, predicted, gallery=encoder) == pytest.approx(by_brains)
    found = two_way_image_to_brain(measured, predicted, gallery=encoder)
    assert found == pytest.approx(by_pictures)
    firsts = [np.mean(alike.argmax(axis=one) == np.arange(12)) for one in (1, 0)]
    assert top_1(measured, predicted, gallery=encoder) == firsts[0]
    assert top_1_image_to_brain(measured, predicted, gallery=encoder) == firsts[1]
    assert by_brains != by_pictures and firsts[0] != firsts[1]
    # The same vectors of a decoder: its predictions are the brains.
    assert two_way(measured, predicted) == pytest.approx(by_pictures)
