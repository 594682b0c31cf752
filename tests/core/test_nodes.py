import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.core.nodes import dump, load, parse

BOMB = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOMB, "stands for more than 100,000 values once its aliases"),
        ("a: &a [*a]", "a value may not contain itself"),
        ("[" * 50_000, "nested too deeply"),
        ("a: !!python/object/apply:os.system [ls]", "tags such as"),
        ("a: " + "9" * 5000, "a: no number here has 5000 digits"),
        ("a: " + "9" * 400, "a: no number here has 400 digits"),
        ("tol: -" + "1" * 30, "tol: no number here has 31 digits"),
    ],
    ids=["aliases", "itself", "deep", "tag", "5000 digits", "400 digits", "negative"],
)
def test_a_hostile_file_is_refused_at_once(text, sentence):
    with pytest.raises(ConfigError, match=sentence):
        parse(text, "file.yaml")[1].stop()


def test_an_alias_that_repeats_little_is_read():
    root, problems = parse("a: &a [1, 2]\nb: *a", "file.yaml")
    problems.stop()
    assert root.plain() == {"a": [1, 2], "b": [1, 2]}


def test_a_file_of_many_megabytes_is_not_even_read(tmp_path):
    (tmp_path / "data.yaml").write_text("a: 1\n" * 100_000)
    with pytest.raises(ConfigError, match=r"0\.5 MB are no card or experiment"):
        load(tmp_path / "data.yaml")


def test_an_override_without_value_says_what_is_expected(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("title: a\n")
    with pytest.raises(ConfigError, match="expected KEY=VALUE"):
        load(path, ["title"])


@pytest.mark.parametrize(
    "text", ["08", "04", "002", "1e-4", "12", "1.5", "no", "y", "null", "left", ""]
)
def test_what_is_written_is_read_as_it_was(text):
    node, problems = parse(dump({"runs": [text], "n": 8, "rate": 1e-4, "on": True}), "x.yaml")
    problems.stop()
    assert node.plain() == {"runs": [text], "n": 8, "rate": 1e-4, "on": True}
    assert node.value["runs"].value[0].raw == "" or not text[:1].isdigit()  # quoted, so no doubt
