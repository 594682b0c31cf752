"""Cards of public sets of pictures and brains: what terms they promise, how rows are told."""

import re
import subprocess
from pathlib import Path

import pytest

from neurodecode.core.files import shipped_folder
from neurodecode.data.cards import load_card

CARDS = ("algonauts2023", "bold5000", "god", "nsd", "things_eeg2", "things_fmri", "things_meg")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", CARDS)
def test_terms_are_said_and_pictures_are_not_shown(name):
    card = load_card(name)
    assert card.show_stimuli == "never" and card.licence["exceptions"] and "doi" in card.citation
    assert card.files.url and card.stimuli is not None and card.traps
    assert (card.access == "agreement") == (name in ("algonauts2023", "nsd"))
    for task in card.tasks.values():
        assert task.protocol is not None and task.protocol.name == "shared_stimuli"


@pytest.mark.parametrize("name", CARDS)
def test_a_card_cites_where_its_layout_was_read(name):
    text = (shipped_folder("datasets") / f"{name}.yaml").read_text()
    assert text.startswith("# Layout as ") and "github.com/" in text.split("\nname:")[0]


def test_nothing_of_these_sets_is_in_the_repository():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    ours = (
        "datasets/{}.yaml",
        "configs/experiments/{}_retrieval.yaml",
        "configs/experiments/{}_reconstruction.yaml",
        "configs/experiments/{}_encode.yaml",
        "tests/data/test_{}.py",
    )
    known = {place.format(name) for name in CARDS for place in ours}
    begin = re.compile("|".join(f"(?<![a-z]){name}" for name in CARDS))  # no traNSDuctive
    named = {path for path in listed if begin.search(path.lower())}
    assert named <= known  # visual:T32
