"""Where the files of a data set are looked for, and what is said when they are nowhere."""

import logging
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.core.errors import DataMissing
from neurodecode.core.files import cache_folder, shipped_folder

if TYPE_CHECKING:
    from neurodecode.data.specs import Card, Variant

logger = logging.getLogger(__name__)


def find_root(card: "Card", data: Path | None = None, variant: str = "") -> Path:
    """Folder that holds a card's files.

    A data root is a folder with one subfolder a card. Looked through in order: `data` (which may
    also be the card's own folder), ``NEURODECODE_DATA`` (several, joined by the system's
    separator), the cache folder that `fetch` fills, and ``datasets/samples`` of a checkout.

    Parameters
    ----------
    card : Card
    data : Path or None
        What the person named with ``--data``.
    variant : str
        Layout whose files are looked for.

    Raises
    ------
    DataMissing
        Saying where it looked, what for, and how to get it.
    """
    places = places_of(card, data)
    for place in places:
        waiting = _not_converted(place, card, variant)
        if holds(place, card, variant):
            if data is not None and place not in places[:2]:
                logger.warning("%s is not in %s; %s is used.", card.name, data, place)
            if waiting:
                logger.warning(
                    "%s: %d files are left out that are not converted yet, the first is %s. "
                    "Convert them: neurodecode fetch %s --convert",
                    card.name, len(waiting), waiting[0], card.name,
                )  # fmt: skip
            return place
        if waiting:
            raise DataMissing(
                f"{waiting[0]}: its arrays are pickled, which can run code when they are opened, "
                f"so {waiting[0].stem}.npz is read instead, which is not there. Make it once: "
                f"neurodecode fetch {card.name} --convert --data {place}"
            )
    own = getattr(card.variant(variant).options, "own_folder", None)
    if own is not None:  # of a library that keeps its downloads itself
        return own
    looked = "\n  ".join(str(place) for place in places)
    made = '\nWithout files, recordings of its shape can be made: --simulate (simulate="full").'
    raise DataMissing(
        f"{card.name}: its files ({_pattern(card, variant)}) are not on this machine. Looked in:\n"
        f"  {looked}\n"
        f"{how_to_get(card, variant)}{made if card.variant(variant).simulate else ''}"
    )


def places_of(card: "Card", data: Path | None = None) -> list[Path]:
    """Give the folders in which a card's files are looked for, in order."""
    named = [] if data is None else [Path(data) / card.name, Path(data)]
    return named + [root / card.name for root in data_roots()]


def data_roots() -> list[Path]:
    """Give the folders with one subfolder a card, in the order in which they are searched."""
    named = os.environ.get("NEURODECODE_DATA", "")
    return [
        *(Path(root) for root in named.split(os.pathsep) if root),
        cache_folder() / "data",
        shipped_folder("datasets") / "samples",
    ]


def holds(folder: Path, card: "Card", variant: str = "") -> bool:
    """Whether a file of a card's layout is in a folder."""
    pattern = _pattern(card, variant)
    return bool(pattern) and folder.is_dir() and next(folder.glob(pattern), None) is not None


def how_to_get(card: "Card", variant: str = "") -> str:
    """Say where a data set is had, under which licence, and where it goes."""
    if told := getattr(card.variant(variant).options, "how_to_get", ""):
        return told
    spec = card.files
    licence = card.licence.get("name", "unknown")
    exceptions = card.licence.get("exceptions", "")
    terms = f"licence: {licence}{', ' if exceptions else ''}{exceptions}; access: {card.access}"
    put = f"into DIR/{card.name}, and say --data DIR or set NEURODECODE_DATA=DIR."
    if card.access != "open":
        asked = {"registration": "asks you to register", "agreement": "asks you to sign for them"}
        page = spec.url or card.citation or "ask its authors"
        return (
            f"Who publishes the files {asked[card.access]} ({page}; {terms}). "
            f"{spec.how + ' ' if spec.how else ''}Then put {_template(card.variant(variant))} {put}"
        )
    if spec.base_url:
        return (
            f"Fetch it: neurodecode fetch {card.name} (from {spec.url or spec.base_url}; {terms}). "
            f"Or put {_template(card.variant(variant))} {put}"
        )
    source = spec.url or card.citation or "its authors"
    return f"Get {_template(card.variant(variant))} from {source} ({terms}), put it {put}"


def _template(layout: "Variant") -> str:
    named = (getattr(layout.options, name, "") for name in ("path", "bold", "betas"))
    return next(filter(None, named), "")


def _not_converted(folder: Path, card: "Card", variant: str) -> list[Path]:
    """Files of a layout that are there as they were pickled, and not yet as they are read."""
    pattern = _pattern(card, variant)
    if not card.files.convert or not pattern.endswith(".npz") or not folder.is_dir():
        return []
    pickled = sorted(folder.glob(f"{pattern.removesuffix('.npz')}.npy"))
    return [path for path in pickled if not path.with_suffix(".npz").is_file()]


def _pattern(card: "Card", variant: str) -> str:
    return re.sub(r"\{\w*\}", "*", _template(card.variant(variant)))
