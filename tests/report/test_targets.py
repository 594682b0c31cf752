"""Scores of single targets on the page: the table's columns, distributions and maps."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from neurodecode.cli import main
from neurodecode.core.space import Space
from neurodecode.report.maps import Colours
from neurodecode.report.results import Results
from neurodecode.report.surfaces import can_be_drawn, on_the_surface
from neurodecode.report.targets import ceiling_sentence, target_figures

ASKED = {
    "data": {"card": "simulated_encoding_fmri", "task": "film", "simulate": "small"},
    "direction": "encode",
    "features": "features",
    "models": [{"linear.ridge": {"alphas": [100.0]}}],
    "metrics": ["r"],
    "shuffled": {"n_draws": 0},
}


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        Path("film.yaml").write_text(yaml.safe_dump(ASKED))
        assert main(["run", "film.yaml", "--engine", "inline"]) == 0
    return Results(folder / "results" / "film")


def test_the_page_has_ceilings_beside_scores_and_says_of_what(film):
    page = (film.folder / "report.html").read_text()
    row = film.rows()[0]
    assert '<th scope="col" class="n">of ceiling</th>' in page
    assert f'data-label="ceiling">{row.ceiling:.3f}</td>' in page
    said = ceiling_sentence(film)
    assert "by the variance that repeated runs have in common" in said
    assert f"of the {row.n_above} of 71 targets" in said
    assert said in page
    assert "Target by target" in page
    assert f"it reaches {row.of_ceiling:.2f} of the noise ceiling" in page


def test_each_person_has_a_map_of_scores_beside_ceilings(film):
    titles = [title for title, *_ in target_figures(film)]
    assert titles == ["Scores of single targets", "r, subject 01", "r, subject 02"]
    told = next(target_figures(film))[2]
    targets = film.targets()
    assert told.startswith(f"71 targets of linear.ridge: median r {targets['score'].median():.3f}")


def test_what_was_chosen_has_a_map_of_its_own(film, monkeypatch):
    def chosen(metric, model):
        del metric, model
        return targets.assign(layer=targets["target"] % 3)

    targets = film.targets()
    monkeypatch.setattr(film, "targets", chosen)
    found = {title: figure for title, figure, _ in target_figures(film)}
    assert list(found)[2:] == [
        "Best layer, subject 01", "r, subject 02", "Best layer, subject 02",
    ]  # fmt: skip
    bar = found["Best layer, subject 01"].axes[-1]
    assert [one.get_text() for one in bar.get_yticklabels()] == ["0", "1", "2"]


def test_targets_of_trials_over_time_have_a_course(film, monkeypatch):
    targets = film.targets()
    several = pd.concat([targets.assign(time=time) for time in (0.0, 0.1)])
    monkeypatch.setattr(film, "targets", lambda metric, model: several)
    assert [title for title, *_ in target_figures(film)][1:] == ["Over time"]


def test_without_repeats_the_page_says_why(film):
    rows = [replace(row, ceiling=None, ceiling_by="", ceiling_note="no repeats") for row in
            film.rows()]  # fmt: skip
    once = Results(film.folder)
    once._rows = rows
    assert ceiling_sentence(once) == "None: no repeats."


def test_vertices_are_drawn_on_the_surface_that_nilearn_ships_with():
    # fsaverage begins with the 10242 vertices of fsaverage5; those of the left hemisphere alone.
    vertices = np.column_stack([np.zeros(3000, dtype=int), np.arange(3000)])
    space = Space("vertices", mesh="fsaverage", shape=(163_842, 163_842), vertices=vertices)
    assert can_be_drawn(space)
    maps = {"score": np.linspace(-0.1, 0.4, 3000)}
    figure = on_the_surface(space, maps, Colours.about_zero(maps))
    titles = [ax.get_title() for ax in figure.axes[:-1]]
    assert titles == ["left, lateral", "left, medial", "left, ventral"]
    assert not can_be_drawn(replace(space, mesh="fs_LR", shape=(32_492, 32_492)))
