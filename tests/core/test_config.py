from dataclasses import dataclass, field
from typing import Literal

import pytest

from neurodecode.core.config import Call, bind, call, check_arguments
from neurodecode.core.errors import ConfigError
from neurodecode.core.nodes import Problems, from_plain, load, parse


@dataclass(frozen=True)
class Inner:
    n_splits: int = 5


@dataclass(frozen=True)
class Outer:
    title: str
    inner: Inner = Inner()
    tol: float = 1.0
    subjects: tuple[str, ...] = ()
    how: Literal["mean", "sum"] = "mean"
    on: bool = False
    models: tuple[Call, ...] = ()
    n: int | None = None
    labels: dict[str, str] = field(default_factory=dict)


def read(text: str) -> Outer:
    root, problems = parse(text, "file.yaml")
    outer = bind(Outer, root, "", problems)
    problems.stop()
    assert outer is not None
    return outer


def errors_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return list(caught.value.problems)


def test_values_of_every_kind_are_read():
    outer = read(
        "title: a\ninner: {n_splits: 3}\ntol: 2\nsubjects: ['01']\nhow: sum\non: true\nn: 4\n"
        "models: [riemann.mdm, {linear.svm: {C: 0.1}}]\nlabels: {T1: left}\n"
    )
    assert outer == Outer(
        "a", Inner(3), 2.0, ("01",), "sum", True,
        (Call("riemann.mdm"), Call("linear.svm", {"C": 0.1})), 4, {"T1": "left"},
    )  # fmt: skip


def test_all_problems_are_reported_at_once_with_line_and_place():
    assert errors_of("tol: five\ninner:\n  n_split: 3\nhow: median\nsubjects: no list\n") == [
        "file.yaml:1: tol: expected a number, got 'five'.",
        "file.yaml:1: 'title' is missing.",
        "file.yaml:3: inner.n_split: unknown key. Did you mean 'n_splits'?",
        "file.yaml:4: how: expected one of mean, sum, got 'median'.",
        "file.yaml:5: subjects: expected a list, got 'no list'.",
    ]


def test_repeated_key_is_an_error():
    assert "this key is given twice" in errors_of("title: a\ntitle: b\n")[0]


@pytest.mark.parametrize(
    ("text", "value"), [("1e-4", 1e-4), ("1E5", 1e5), (".5", 0.5), ("-2.", -2.0), ("+3", 3.0)]
)
def test_numbers_that_pyyaml_takes_for_text_are_numbers(text, value):
    assert read(f"title: a\ntol: {text}\n").tol == value


@pytest.mark.parametrize("text", ["no", "08", "001", "1", "on", "1e3"])
def test_text_where_text_is_meant_is_kept_as_written(text):
    assert read(f"title: {text}\nsubjects: [{text}]\n").subjects == (text,)


@pytest.mark.parametrize("text", ["no", "yes", "08", "off"])
def test_open_meaning_is_refused_where_no_type_decides(text):
    root, problems = parse(f"linear.svm: {{C: {text}}}", "file.yaml")
    call(root, "models", problems)
    with pytest.raises(ConfigError, match=r"file.yaml:1: models.linear.svm.C: .* Quote it"):
        problems.stop()


def test_a_switch_word_is_no_truth_value():
    assert errors_of("title: a\non: yes\n") == [
        "file.yaml:2: on: expected true or false, got 'yes'. Write true or false."
    ]


@pytest.mark.parametrize(
    "text",
    ["title: !!python/name:os.system x", "a: &x [*x]", "title: [", "<<: {title: a}", "? [a]\n: b"],
)
def test_hostile_yaml_is_refused(text):
    with pytest.raises(ConfigError):
        read(text)


def test_overrides_replace_one_place(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("title: a\ninner: {n_splits: 3}\nsubjects: ['01', '02']\n")
    root, problems = load(path, ["inner.n_splits=7", "subjects.1='09'", "tol=1e-3"])
    outer = bind(Outer, root, "", problems)
    problems.stop()
    assert outer == Outer("a", Inner(7), 1e-3, ("01", "09"))


def test_arguments_are_held_to_a_signature():
    def build(n_splits: int, how: str = "mean"): ...

    problems = Problems("file.yaml")
    check_arguments({"n_split": 3, "how": 4}, build, from_plain({}), "protocol.p", problems)
    with pytest.raises(ConfigError) as caught:
        problems.stop()
    assert list(caught.value.problems) == [
        "file.yaml: protocol.p.n_split: unknown key. Did you mean 'n_splits'?",
        "file.yaml: protocol.p.how: expected text, got 4.",
        "file.yaml: protocol.p: 'n_splits' is missing.",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([0.5, 2, 3], "window: expected 2 values, got 3."),
        ([0.5], "window: expected 2 values, got 1."),
        ([0.5, "late"], "window[1]: expected a number, got 'late'."),
        (0.5, "window: expected a list, got 0.5."),
    ],
)
def test_a_list_of_fixed_length_has_it(value, said):
    def build(window: tuple[float, float]): ...

    problems = Problems("card.yaml")
    check_arguments({"window": value}, build, from_plain({}), "made", problems)
    assert [line for _, line in problems.lines] == [f"card.yaml: made.{said}"]


def test_a_list_of_fixed_length_has_a_type_at_each_place():
    def build(named: tuple[str, int]): ...

    problems = Problems("card.yaml")
    check_arguments({"named": ["a", 1]}, build, from_plain({}), "", problems)
    assert not problems.lines
    check_arguments({"named": [1, "a"]}, build, from_plain({}), "", problems)
    assert [line.partition(":")[2].split(":")[0] for _, line in problems.lines] == [
        " named[0]", " named[1]",
    ]  # fmt: skip
