"""The page shows what answers were taken for: pictures where they may be shown, else names."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from neurodecode.cli import main
from neurodecode.harness.shown import FILE, SIDE, read_shown
from neurodecode.report.results import Results
from neurodecode.report.retrieved import retrieved

EXPERIMENT = """\
title: Which picture was seen
data: {card: simulated_images, task: latent, simulate: small}
prepare: [{resample: {sfreq: 50}}]
models: [[scale: {per: channel}, linear.ridge]]
controls: [baseline.mean_target]
aggregate: {by: [subject, stimulus]}
score: {within: [subject], gallery: GALLERY, n_pairings: 100}
metrics: [top_1]
shuffled: {n_draws: 0}
"""


def ran(folder, gallery):
    file = folder / f"{gallery}.yaml"
    file.write_text(EXPERIMENT.replace("GALLERY", gallery))
    assert main(["run", str(file), "--out", str(folder), "--engine", "inline"]) == 0
    return Results(folder / gallery)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrieved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        yield SimpleNamespace(tested=ran(folder, "tested"), all=ran(folder, "all"), folder=folder)


def test_places_and_nearest_are_those_of_the_likeness_written_out(made):
    results = made.tested
    model, found, n_entries = retrieved(results)
    assert model == "scale + linear.ridge, subject 01" and n_entries == 20
    said = results.predictions("scale + linear.ridge")
    answers = said.groupby("stimulus")["pred"].apply(lambda several: np.mean([*several], axis=0))
    trials = results.trials()
    y = np.asarray(results.store.truth(trials))
    vectors = {s: y[np.array([i])][0] for i, s in enumerate(trials["stimulus"])}
    for one in found:
        like = {
            name: np.corrcoef(answers[one.stimulus], vectors[name])[0, 1] for name in answers.index
        }
        best = sorted(like, key=lambda name: -like[name])
        assert one.nearest == tuple(best[:5])
        assert one.place == best.index(one.stimulus) + 1
        np.testing.assert_allclose(one.likenesses, [like[name] for name in best[:5]], rtol=1e-9)
    assert [one.kind for one in found] == ["best"] * 3 + ["middle"] * 2 + ["worst"] * 3
    places = [one.place for one in found]
    assert places == sorted(places)


def test_among_all_pictures_entries_have_the_names_of_what_was_shown(made):
    _, found, n_entries = retrieved(made.all)
    assert n_entries == made.all.trials()["stimulus"].nunique()
    known = set(made.all.trials()["stimulus"])
    assert all(set(one.nearest) <= known for one in found)


def test_small_copies_are_kept_of_what_was_tested_and_no_more(made):
    pictures = read_shown(made.tested.folder)
    trials = made.tested.trials()
    assert set(pictures) == set(trials.loc[trials["split"] == "test", "stimulus"])
    assert {picture.shape for picture in pictures.values()} == {(SIDE, SIDE, 3)}


def test_the_page_draws_pictures_or_names_them(made, tmp_path):
    page = made.tested.report(tmp_path / "drawn.html").read_text()
    assert "What it was taken for" in page and "the right one is framed" in page
    shown = made.tested.folder / FILE
    kept = shown.read_bytes()
    shown.unlink()
    try:
        page = made.tested.report(tmp_path / "named.html").read_text()
    finally:
        shown.write_bytes(kept)
    assert "No picture is drawn" in page
    for one in retrieved(made.tested)[1]:
        assert f"<td>{one.stimulus}</td>" in page
    assert re.search(r"<strong>c\d+_\d+</strong>", page)  # a hit


def test_repeats_have_their_curve(made, tmp_path):
    page = made.tested.report(tmp_path / "page.html").read_text()
    assert "top 1 among 20 candidates, from 1 repeat to 8" in page


def test_an_encoder_of_repeated_pictures_has_a_page_without_a_grid(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    encode = "direction: encode\nfeatures: {small: {pixels: {size: 4}}}\n"
    asked = EXPERIMENT.replace("GALLERY", "tested")
    asked = asked.replace("aggregate: {by: [subject, stimulus]}\n", encode)
    file = tmp_path / "encoder.yaml"
    file.write_text(asked.replace("scale: {per: channel}", "scale: {}"))
    assert main(["run", str(file), "--out", str(tmp_path), "--engine", "inline"]) == 0
    assert (tmp_path / "encoder" / "report.html").is_file()
    assert retrieved(Results(tmp_path / "encoder")) is None
