"""A small study whose names try to break out of the page, and a reader of pages."""

import base64
import sys
import warnings
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import neurodecode as nd
from neurodecode.harness.table_row import TableRow

sys.path.insert(0, str(Path(__file__).parent))  # rsa_brains: what these tests share

HOSTILE = SimpleNamespace(
    classes=("<script>alert(1)</script>", 'b&"$x$'),
    subjects=('1"<i>', "2&amp;'$"),
    title='</title><img src=x onerror=alert(1)> & "$title$"',
    model="<u>Own</u>&\"'$",
)
_VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser makes of a page: tags with attributes, text, the cells of each table."""

    def __init__(self, path: Path):
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: list[list[list[str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(self.html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.text += data
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data

    def attributes(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if name in attributes]

    def alts(self, beginning: str) -> list[str]:
        return [alt for alt in self.attributes("alt") if alt.startswith(beginning)]

    def pictures(self) -> dict[str, bytes]:
        """Content of each picture, by what stands before the comma, numbered."""
        found = [source.partition(",") for source in self.attributes("src")]
        return {f"{i} {kind}": base64.b64decode(data) for i, (kind, _, data) in enumerate(found)}


class Own(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        warnings.warn("careful with <b>this</b> & that", stacklevel=1)
        return super().fit(X, y)


Own.__name__ = HOSTILE.model  # what the table calls it


class Failing(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        raise ValueError("no <u>thanks</u>")


class Silent(ClassifierMixin, BaseEstimator):
    """Says classes, and neither probabilities nor margins."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def planted(seed, classes=("a", "b"), n=20, shape=(4, 30), effect=2.0):
    """Trials whose first channel, or feature, is stronger in the second class."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(classes, n // len(classes)))
    X = rng.standard_normal((n, *shape))
    if len(shape) == 2:
        X[y == classes[1], 0] *= 1 + effect
    else:
        X[y == classes[1], 0] += effect
    return X, y


def evaluate_planted(folder, **asked):
    """Two subjects with hostile names, of which each model is tested on the other."""
    made = {name: planted(i, HOSTILE.classes) for i, name in enumerate(HOSTILE.subjects)}
    given = {
        "models": [{"linear.csp_lda": {"n_components": 2}}, Own(), Failing()],
        "metrics": ["balanced_accuracy", "roc_auc"],
        "n_draws": 2,
        "title": HOSTILE.title,
        "out": folder,
        "verbose": False,
    }
    data = {name: X for name, (X, _) in made.items()}
    labels = {name: y for name, (_, y) in made.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a model fails is said at once
        return nd.evaluate(data, labels, **{**given, **asked})


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    with pytest.MonkeyPatch.context() as only_here:
        only_here.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        return evaluate_planted(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def page(results, tmp_path_factory):
    return Page(results.report(tmp_path_factory.mktemp("page") / "page.html"))


@pytest.fixture
def read_page():
    return Page


@pytest.fixture
def hostile():
    return HOSTILE


@pytest.fixture
def models():
    return SimpleNamespace(Failing=Failing, Silent=Silent, planted=planted)


@pytest.fixture
def table_row():
    """Make a row of a table of which only what matters is said."""

    def made(model="linear.svm", scores=(0.6, 0.7, 0.8), **changes):
        per_unit = {f"S{i}": score for i, score in enumerate(scores)}
        mean = float(np.mean(scores))
        plain = {
            "experiment": "e", "model": model, "metric": "accuracy", "mean": mean,
            "ci_low": mean - 0.1, "ci_high": mean + 0.1, "chance": 0.5, "shuffled_mean": 0.48,
            "shuffled_sd": 0.02, "p": None, "n_units": len(scores), "unit": "subject",
            "n_trials": 90, "flags": (), "per_unit": per_unit,
        }  # fmt: skip
        return TableRow(**{**plain, **changes})

    return made


@pytest.fixture
def without_score(table_row):
    def made(model, note, **changes):
        nan = float("nan")
        return table_row(
            model, (nan,), ci_low=nan, ci_high=nan, chance=nan, shuffled_mean=None,
            shuffled_sd=None, n_units=0, n_trials=0, per_unit={}, note=note, **changes,
        )  # fmt: skip

    return made


@pytest.fixture(autouse=True)
def no_figure_is_left_open():
    yield
    plt.close("all")
