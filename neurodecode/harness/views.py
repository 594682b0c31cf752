"""Features of pictures that were told, computed when they are scored and kept with the results.

::

    results/NAME/judged/KEY/   FIRST.npz (ids, values) …   a file some hundred pictures

A key is the digest of all that the features come from, weights among them, and a picture is called
by its content: what was computed once serves every model, draw and metric that shows it again.
Values are float16, as features are kept; the folder may be removed at any time.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError, DataMissing, MissingDependency
from neurodecode.core.files import cache_folder, whole_file
from neurodecode.core.names import find
from neurodecode.core.pictures import to_bytes
from neurodecode.core.progress import progress
from neurodecode.core.training import Device
from neurodecode.features._computing import LARGEST
from neurodecode.features._contract import Feature
from neurodecode.metrics.views import SETS, Preparation, judge_of

FOLDER = "judged"
_A_FILE = 256  # pictures
_KEPT = 4  # arrays of features that stay in memory: truth and answers under two metrics
# Feature, its arguments, and the file of weights below the folder of judges.
_JUDGES: dict[str, tuple[str, dict[str, Any], str]] = {
    "alexnet_2": ("alexnet", {"layer": "2"}, "alexnet.pth"),
    "alexnet_5": ("alexnet", {"layer": "5"}, "alexnet.pth"),
    "inception": ("inception_v3", {}, "inception_v3.pth"),
    "clip": ("hf_vision", {}, "clip-vit-large-patch14"),
    "efficientnet": ("efficientnet_b1", {}, "efficientnet_b1.pth"),
    "swav": ("resnet50", {}, "swav_resnet50.pth"),
}


@dataclass(frozen=True)
class View:
    """A feature of pictures, as a metric asks for it.

    Parameters
    ----------
    feature : Feature
    preparation : Preparation or None
        How a published set brings pictures to what the network is handed; None: the feature does.
    """

    feature: Feature
    preparation: Preparation | None = None

    def made_from(self, cache: Path) -> dict[str, Any]:
        """Say all that its numbers come from but the pictures.

        Raises
        ------
        DataMissing
            If weights are not on this machine.
        """
        made = self.feature.made_from(cache)
        return made if self.preparation is None else made | {"prepared": asdict(self.preparation)}

    def open(self, device: Device) -> Callable[[np.ndarray], np.ndarray]:
        """Give the function from pictures, float32 of shape (n, h, w, channels), to features."""
        if self.preparation is None:
            extract = self.feature.open(device)

            def of_bytes(pictures: np.ndarray) -> np.ndarray:
                several = to_bytes(pictures)
                return extract([one[..., 0] if one.shape[2] == 1 else one for one in several])

            return of_bytes
        prepare, judge = self.preparation, getattr(self.feature, "open_pictures")(device)  # noqa: B009

        def of_set(pictures: np.ndarray) -> np.ndarray:
            made = prepare(pictures)
            return judge(np.repeat(made, 3, axis=3) if made.shape[3] == 1 else made)

        return of_set

    def plain(self) -> dict[str, Any]:
        """Give it as plain data."""
        name = type(self.feature).__module__.removeprefix("neurodecode.features.")
        prepared = None if self.preparation is None else asdict(self.preparation)
        return {"feature": name, "arguments": asdict(self.feature), "preparation": prepared}

    @staticmethod
    def of(plain: Mapping[str, Any]) -> "View":
        """Make it of plain data."""
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in plain["arguments"].items()}
        prepared = plain["preparation"]
        feature = find(plain["feature"], "features")(**given)
        return View(feature, None if prepared is None else Preparation(**prepared))


def views_of(
    metrics: Iterable[str], declared: Mapping[str, Feature], judges: str
) -> dict[str, View]:
    """Give the views that metrics ask for, by their names.

    Parameters
    ----------
    metrics : iterable of str
    declared : mapping of str to Feature
    judges : str
        Folder of the weights of the judges of published sets, or its name below those of weights.

    Raises
    ------
    ConfigError
        If a metric asks for a feature that is not declared, or that is of no pictures.
    """
    views = {}
    for name in metrics:
        view = name.partition("@")[2]
        of_set = judge_of(view)
        if of_set is not None:
            feature, given, file = _JUDGES[of_set[1]]
            preparation = SETS[of_set[0]].judges[of_set[1]]
            if feature != "hf_vision":
                given = {**given, "size": preparation.size}
            made = find(feature, "features")(weights=f"{judges}/{file}", **given)
            views[view] = View(made, preparation)
        elif view and view not in SETS:
            if view not in declared:
                near = nearest(view, [*declared, *SETS])
                raise ConfigError(
                    f"metrics: {name}: no feature {view!r} is declared.{near} Say features: "
                    f"{{{view}: …}}, or name a judge of a set, such as mindeye.clip."
                )
            if declared[view].of != "picture":
                raise ConfigError(f"metrics: {name}: {view!r} is a feature of texts.")
            views[view] = View(declared[view])
    return views


class Views:
    """Features of the pictures of a results folder.

    Parameters
    ----------
    views : mapping of str to View
    folder : Path
        Of the results.
    device : {"auto", "cpu", "cuda"}
    """

    def __init__(self, views: Mapping[str, View], folder: Path, device: Device = "auto"):
        self._views, self._folder = views, folder / FOLDER
        self._device: Device = device
        self._opened: dict[str, Callable[[np.ndarray], np.ndarray]] = {}
        self._keys: dict[str, str] = {}
        self._kept: dict[tuple[str, str], np.ndarray] = {}

    @staticmethod
    def of_index(index: Mapping[str, Any], folder: Path) -> "Views":
        """Make those that a results folder asks for."""
        views = {name: View.of(plain) for name, plain in index["views"].items()}
        return Views(views, folder, index["device"])

    def __contains__(self, name: str) -> bool:
        return name in self._views

    def states(self) -> dict[str, str]:
        """Give for each view the digest of what it is made from, or why there is none."""
        return {name: self._key(name)[1] for name in self._views}

    def why_not(self, name: str) -> str:
        """Say why a view cannot be computed; empty where its weights are there."""
        found, said = self._key(name)
        return "" if found else said

    def features(self, name: str, pictures: np.ndarray) -> np.ndarray:
        """Give the features of pictures.

        Parameters
        ----------
        name : str
            Of the view.
        pictures : ndarray of float32, shape (n, height, width, channels)

        Returns
        -------
        features : ndarray of float32, shape (n, n_features)

        Raises
        ------
        DataError
            If weights are absent, or of another network, or numbers are none.
        """
        asked = name, digest_array(pictures)
        if asked not in self._kept:
            why_not = self.why_not(name)
            if why_not:
                raise DataError(why_not)
            found = self._features(name, pictures)
            while len(self._kept) >= _KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[asked] = found
        return self._kept[asked]

    def _key(self, name: str) -> tuple[bool, str]:
        if name not in self._keys:
            try:
                made = self._views[name].made_from(cache_folder())
            except DataMissing as error:
                return False, f"weights absent: {error}"
            except (DataError, MissingDependency, ConfigError) as error:
                return False, str(error)
            self._keys[name] = digest(made)
        return True, self._keys[name]

    def _features(self, name: str, pictures: np.ndarray) -> np.ndarray:
        folder = self._folder / self._key(name)[1]
        ids = [_content(one) for one in pictures]
        left = dict(zip(ids, range(len(ids)), strict=True))
        found: dict[str, np.ndarray] = {}
        for path in sorted(folder.glob("*.npz")):
            with np.load(path, allow_pickle=False) as stored:
                there = [(i, one) for i, one in enumerate(stored["ids"].tolist()) if one in left]
                if there:
                    values = stored["values"]
                    found |= {one: values[i] for i, one in there}
        missing = [one for one in left if one not in found]
        files = [missing[i : i + _A_FILE] for i in range(0, len(missing), _A_FILE)]
        for some in progress(files, f"judging {name}", len(files), "file"):
            values = self._computed(name, pictures[[left[one] for one in some]])
            folder.mkdir(parents=True, exist_ok=True)
            with whole_file(folder / f"{some[0]}.npz") as temporary, temporary.open("wb") as stream:
                np.savez(stream, ids=np.array(some), values=values)
            found |= dict(zip(some, values, strict=True))
        return np.stack([found[one] for one in ids]).astype(np.float32)

    def _computed(self, name: str, pictures: np.ndarray) -> np.ndarray:
        view = self._views[name]
        if name not in self._opened:
            self._opened[name] = view.open(self._device)
        n = view.feature.batch_size
        several = [
            self._opened[name](pictures[start : start + n]) for start in range(0, len(pictures), n)
        ]
        values = np.concatenate(several).reshape(len(pictures), -1)
        if not (np.abs(values) <= LARGEST).all():  # nor is NaN
            raise DataError(
                f"{name}: a picture gives a number that float16, as features are kept, cannot hold."
                " Choose another layer."
            )
        return values.astype(np.float16)


def _content(picture: np.ndarray) -> str:
    """Name a picture by its content."""
    picture = np.ascontiguousarray(picture, dtype=np.float32)
    known = hashlib.blake2b(str(picture.shape).encode(), digest_size=12)
    known.update((picture + np.float32(0)).tobytes())  # of minus zero it is the same picture
    return known.hexdigest()
