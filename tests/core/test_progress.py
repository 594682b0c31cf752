"""Talk goes to stderr: plain lines, a bar on a terminal, nothing that a terminal acts upon."""

import pytest

from neurodecode.core import progress


def test_what_a_stranger_says_moves_no_cursor(capsys):
    progress.say("title: \x1b[2J\x1b]0;owned\x07größe\n\tnext")
    said = capsys.readouterr().err
    assert said == "title: \ufffd[2J\ufffd]0;owned\ufffdgröße\n\tnext\n"


@pytest.mark.parametrize(
    ("total", "line"), [(10**6, "a.edf: 0.5 of 1.0 MB"), (None, "a.edf: 0.5 MB")]
)
def test_a_long_transfer_says_a_line_now_and_then(capsys, monkeypatch, total, line):
    clock = iter([0.0, 5.0, 11.0, 12.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.transfer("a.edf", total) as advance:
        for n_bytes in (250_000, 250_000, 250_000):
            advance(n_bytes)
    printed, said = capsys.readouterr()
    assert printed == ""
    assert said.startswith(line) and said.count("\n") == 1


def test_a_bar_on_a_terminal_counts_the_bytes(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with progress.transfer("a.edf", 1000) as advance:
        advance(1000)
    printed, said = capsys.readouterr()
    assert printed == "" and "a.edf" in said and "1.00k" in said
