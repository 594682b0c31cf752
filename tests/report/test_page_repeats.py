"""The experiment that the page shows, saved and run, asks exactly the same."""

import re
from html import unescape
from pathlib import Path

from neurodecode.cli import main

SMALL = [
    "--set", "shuffled.n_draws=1", "--set", "models=[linear.svm]", "--set",
    "controls=[baseline.prior]", "--engine", "inline",
]  # fmt: skip


def test_the_resolved_experiment_finds_every_job_finished(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_DATA", "")
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    assert main(["run", "quickstart_fmri", *SMALL]) == 0
    page = Path("results/quickstart_fmri/report.html").read_text(encoding="utf-8")
    assert "<pre>neurodecode run quickstart_fmri</pre>" in page
    shown = re.findall("<pre>(.*?)</pre>", page, re.DOTALL)[-1]
    Path("quickstart_fmri.yaml").write_text(unescape(shown), encoding="utf-8")
    capsys.readouterr()
    assert main(["run", "quickstart_fmri.yaml", "--engine", "inline"]) == 0
    assert "36 jobs, 36 finished before" in capsys.readouterr().err  # 12 runs × (2 models + 1 null)
    assert Path("results/quickstart_fmri/report.html").read_text(encoding="utf-8") == page
