"""The page is one file that runs nothing, fetches nothing, and escapes what comes from data."""

import re
from xml.etree import ElementTree


def test_it_is_one_small_file_of_known_tags(page):
    assert len(page.html.encode()) < 2_000_000
    known = {
        "html", "head", "meta", "title", "style", "body", "main", "section", "footer", "div",
        "h1", "h2", "h3", "p", "dl", "dt", "dd", "span", "b", "small", "br", "table", "thead",
        "tbody", "tr", "th", "td", "figure", "figcaption", "img", "details", "summary", "ul",
        "li", "pre", "code",
    }  # fmt: skip
    assert {tag for tag, _ in page.tags} <= known
    assert page.open == []  # every tag is closed, in order


def test_it_runs_no_script(page):
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    assert not [value for value in page.attributes("href") if not value.startswith("#")]
    ((_, policy),) = [
        (tag, given["content"])
        for tag, given in page.tags
        if given.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_it_fetches_nothing(page):
    sources = page.attributes("src")
    assert sources
    assert all(source.startswith("data:image/") for source in sources)
    assert not page.attributes("srcset")
    style = re.search("<style>(.*?)</style>", page.html, re.DOTALL)
    assert style is not None
    assert not re.search(r"url\(|@import|http", style[1])
    assert {tag for tag, _ in page.tags}.isdisjoint({"link", "iframe", "object", "base", "form"})


def test_its_pictures_refer_to_nothing_outside_themselves(page):
    drawn = {name: content for name, content in page.pictures().items() if "svg" in name}
    assert drawn
    for content in drawn.values():
        for element in ElementTree.fromstring(content).iter():
            assert not element.tag.endswith("}script")
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith(("#", "data:"))


def test_names_from_data_are_shown_as_they_are(page, hostile):
    for name in (*hostile.classes, *hostile.subjects, hostile.model, hostile.title):
        assert name in page.text
    assert "no <u>thanks</u>" in page.text
    assert "careful with <b>this</b> & that" in page.text


def test_names_from_data_are_shown_in_what_pictures_say(page, hostile):
    (confusion,) = page.alts(f"Confusion matrix of {hostile.model}")
    assert all(name in confusion for name in hostile.classes)
    assert any(hostile.model in alt for alt in page.alts("balanced accuracy"))


def test_the_title_of_the_window_is_the_experiment(page, hostile):
    within = page.html.partition("<title>")[2].partition("</title>")[0]
    assert "<" not in within
    assert "&lt;img src=x" in within
