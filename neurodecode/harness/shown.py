"""Small copies of what was shown, kept with the results: a page needs no data to draw it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.files import whole_file
from neurodecode.harness.plan import Plan
from neurodecode.harness.store import Store

FILE = "shown.npz"
SIDE = 64  # pixels of the longer side
MOST = 1000  # more are not kept: a page draws some twenty of those that were tested


def keep_shown(plan: Plan, store: Store) -> None:
    """Keep small copies of the pictures that are tested, where they may be shown.

    Nothing is kept of text, of sounds, of more than `MOST` pictures, or of a card that says
    ``show_stimuli: never``.

    Parameters
    ----------
    plan : Plan
    store : Store
    """
    stimuli, rows = plan.study.stimuli, plan.study.trials.rows
    if stimuli is None or not stimuli.show:
        return
    tested = np.zeros(len(rows), dtype=bool)
    for planned in plan.folds:
        tested[planned.fold.index("test")] = True
    ids = [str(one) for one in dict.fromkeys(rows["stimulus"][tested])]
    if not 0 < len(ids) <= MOST:
        return
    contents = [stimuli[one] for one in ids]
    if all(_is_picture(one) for one in contents):
        pictures, sizes = _copies(contents)
        with whole_file(store.folder / FILE) as temporary, temporary.open("wb") as stream:
            np.savez_compressed(stream, ids=np.array(ids), pictures=pictures, sizes=sizes)


def read_shown(folder: Path) -> dict[str, np.ndarray]:
    """Read small copies of what was shown, by stimulus; empty where none were kept.

    Parameters
    ----------
    folder : Path
        Of results.

    Returns
    -------
    pictures : dict of str to ndarray of uint8, shape (height, width, 3)
    """
    path = folder / FILE
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        ids, pictures, sizes = (stored[name] for name in ("ids", "pictures", "sizes"))
    found = zip(ids, pictures, sizes, strict=True)
    return {str(one): picture[:height, :width] for one, picture, (height, width) in found}


def _is_picture(content: Any) -> bool:
    if not isinstance(content, np.ndarray) or content.dtype != np.uint8:
        return False
    return content.ndim == 2 or (content.ndim == 3 and content.shape[2] == 3)


def _copies(pictures: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Give copies in the corner of one array each, and their heights and widths."""
    from PIL import Image

    kept = np.full((len(pictures), SIDE, SIDE, 3), 255, dtype=np.uint8)
    sizes = np.empty((len(pictures), 2), dtype=np.int32)
    for i, picture in enumerate(pictures):
        image = Image.fromarray(picture).convert("RGB")
        image.thumbnail((SIDE, SIDE))
        sizes[i] = image.height, image.width
        kept[i, : image.height, : image.width] = np.asarray(image)
    return kept, sizes
