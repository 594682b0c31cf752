"""`init`: models that were kept of other results, for models of this study to start from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.pipeline import Pipeline

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.files import read_json
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.stages import is_stateless, stages_of
from neurodecode.harness.keep import FINAL, open_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Init
from neurodecode.harness.store import Store
from neurodecode.harness.task import Origin, Start

_SAME = ("kind", "names", "unit", "axes", "sfreq")  # what a model was trained on, to be met again


@dataclass(frozen=True, eq=False)
class Pretrained:
    """Models of one name that a run has kept, one a fold or one of all rows.

    Parameters
    ----------
    store : Store
        The results that hold them.
    model : str
        Name in their table.
    keys : mapping of str to str
        Fold, and seed and fold as ``SEED/FOLD``, to the key of a model that was kept.
    input : mapping
        What they were handed.
    prepare : list or None
        How their recordings were prepared; None where they were arrays in memory.
    allow_code : bool
        Whether they may be of classes from outside.
    """

    store: Store
    model: str
    keys: Mapping[str, str]
    input: Mapping[str, Any]
    prepare: list[Any] | None
    allow_code: bool = False

    def described(self) -> dict[str, str]:
        """Give what a reader of the table should know of it, as plain data."""
        return {"results": str(self.store.folder), "model": self.model}

    def start(self, model: NamedModel, described: list[Any], seed: int, fold: Fold) -> Start | None:
        """Say what a model starts from on a fold; None for one that does not ask.

        The model that was kept of the same fold (by its name; of the same seed where there are
        several) is taken, else the one that was kept of all rows.

        Parameters
        ----------
        model : NamedModel
        described : list
            Its stages, as keys have them.
        seed : int
        fold : Fold

        Raises
        ------
        ConfigError
            If neither was kept, or the stages before the one that asks are not those that its
            training began with.
        """
        asking = asks_init(model)
        if asking is None:
            return None
        for name in (f"{seed}/{fold.name}", fold.name, FINAL):
            if name in self.keys:
                key = self.keys[name]
                self._check_before(model, described[:asking], key)
                return Start(self.store.folder, key, asking, self.allow_code)
        raise ConfigError(
            f"init: {self.store.folder} has kept no {self.model} of fold {fold.name}, and none of "
            "all rows. Run that experiment again with: --set keep=folds (or final)"
        )

    def check(
        self, start: Start, fold: Fold, rows: Rows, apart: tuple[str, ...], origin: Origin
    ) -> None:
        """Hold a start to having seen nothing of what a fold tests.

        Parameters
        ----------
        start : Start
        fold : Fold
        rows : Rows
            Of the study that starts from it.
        apart : tuple of str
            Columns that its protocol keeps apart.
        origin : Origin
            Where its rows come from.

        Raises
        ------
        LeakError
            Naming the rows.
        ConfigError
            If the rows of the pretraining lack a column that is kept apart.
        """
        tested = rows.take(fold.index("test", "adapt")).table
        tested["content"] = [origin.contents.get(one, "") for one in tested["recording"]]
        trained = Store(start.folder).trained(start.key)
        seen = _seen(trained, tested, apart, origin.card, str(start.folder))
        if seen.any():
            first = trained[seen].iloc[0]
            said = ", ".join(f"{name} {first[name]}" for name in apart if name in first)
            where = f"of {said}" if said else f"of {first['recording']}"
            raise LeakError(
                f"init: {self.model} of {start.folder} was trained on {int(seen.sum())} rows that "
                f"fold {fold.name} tests or calibrates on, the first {where} ({first['recording']} "
                f"from {first['start']:g} to {first['stop']:g} s). Pretrain on others, or with the "
                "same protocol and keep: folds."
            )

    def check_input(self, found: Mapping[str, Any], prepare: list[Any] | None) -> None:
        """Hold what models are handed to what the pretrained one was.

        Raises
        ------
        ConfigError
            Saying what differs.
        """
        for name in _SAME:
            ours, theirs = found.get(name), self.input.get(name)
            if ours != theirs:
                raise ConfigError(
                    f"init: {self.model} of {self.store.folder} was trained on trials whose {name} "
                    f"is {_short(theirs)}, and here it is {_short(ours)}. Prepare both alike."
                )
        if prepare is not None and self.prepare is not None and prepare != self.prepare:
            raise ConfigError(
                f"init: the recordings of {self.store.folder} were prepared by {self.prepare}, and "
                f"here they are by {prepare}. Prepare both alike."
            )

    def _check_before(self, model: NamedModel, described: list[Any], key: str) -> None:
        trained = read_json(self.store.folder / "models" / key / "key.json")["model"]
        for i, plain in enumerate(described):
            stage = stages_of(model.estimator)[i]
            if i >= len(trained) - 1 or json.loads(json.dumps(plain)) != trained[i]:
                raise ConfigError(
                    f"init: {model.name} has {stage!r} before what starts from {self.model}, which "
                    f"was not trained behind it. Begin as {self.store.folder} does."
                )
            if not is_stateless(stage):
                raise ConfigError(
                    f"init: {model.name} would fit {type(stage).__name__} anew before what starts "
                    f"from {self.model}. Leave it out: it is part of what was trained."
                )


def asks_init(model: NamedModel) -> int | None:
    """Position of the stage that starts from a fitted one; None where no stage asks."""
    for i, stage in enumerate(stages_of(model.estimator)):
        if getattr(getattr(stage, "needs", None), "init", False):
            return i
    return None


def open_pretrained(init: Init, out: Path, *, allow_code: bool = False) -> Pretrained:
    """Find the models that an experiment starts from.

    Parameters
    ----------
    init : Init
    out : Path
        Folder of results, where names are looked for.
    allow_code : bool

    Raises
    ------
    ConfigError
        If there are no such results, several models, or none of that name.
    """
    folders = (Path(init.results), out / init.results)
    folder = next((one for one in folders if (one / "jobs.json").is_file()), None)
    if folder is None:
        raise ConfigError(
            f"init.results: there are no results {init.results!r}, neither there nor in {out}. Run "
            "that experiment first, with: --set keep=folds (or final)"
        )
    store = Store(folder)
    index = store.index()
    names = [one["name"] for one in index["models"] if one["role"] == "model"]
    if init.model and init.model not in names:
        raise ConfigError(
            f"init.model: {folder} has no model {init.model!r}.{nearest(init.model, names)}"
        )
    if not init.model and len(names) > 1:
        raise ConfigError(
            f"init.model: {folder} has several models ({', '.join(names)}). Name the one to start "
            "from."
        )
    name = init.model or names[0]
    keys = {}
    for job in index["jobs"]:
        itself = job["draw"] is None and job["permutation"] is None
        if job["model"] == name and itself and store.has_model(job["key"]):
            keys[f"{job['seed']}/{job['fold']}"] = job["key"]
            keys.setdefault(job["fold"], job["key"])
    final = index["finals"].get(name)
    if final is not None and store.has_model(final):
        keys[FINAL] = final
    written = yaml.safe_load((folder / "resolved.yaml").read_text(encoding="utf-8"))
    prepare = written.get("prepare")
    return Pretrained(store, name, keys, index["input"], prepare, allow_code)


def open_start(start: Start) -> Any:
    """Give the fitted model to start from: of several stages, those from the one that asks on."""
    kept = open_model(Store(start.folder), start.key, allow_code=start.allow_code)
    stages = kept.stages[start.n_before :]
    if len(stages) == 1:
        return stages[0]
    return Pipeline([(f"{i}", stage) for i, stage in enumerate(stages)])


def _seen(
    trained: pd.DataFrame, tested: pd.DataFrame, apart: tuple[str, ...], card: str, where: str
) -> np.ndarray:
    """Mask of the rows trained on that a fold may not have seen before it tests."""
    same_card = (trained["card"] == card).to_numpy() & bool(card)
    same_content = np.isin(trained["content"].to_numpy(str), tested["content"].to_numpy(str))
    if not apart:
        return _overlap(trained, tested)
    lacking = [name for name in apart if name not in trained]
    if lacking and same_card.any():
        raise ConfigError(
            f"init: the protocol keeps {lacking[0]} apart, and the rows that {where} was trained "
            "on have no such column. Pretrain with a task whose events have it."
        )
    seen = same_content & ~same_card  # one recording under two names, on both sides
    if not lacking:
        ours, theirs = (
            list(zip(*(table[name].astype(str) for name in apart), strict=True))
            for table in (tested, trained)
        )
        known = set(ours)
        seen |= np.array([one in known for one in theirs], dtype=bool) & same_card
    return seen


def _overlap(trained: pd.DataFrame, tested: pd.DataFrame) -> np.ndarray:
    """Mask of the rows trained on whose windows overlap a tested one of the same recording."""
    seen = np.zeros(len(trained), dtype=bool)
    uids = set(tested["uid"])
    for content, mine in tested.groupby("content", observed=True):
        same = np.flatnonzero(trained["content"] == content)
        start, stop = (trained[name].to_numpy()[same] for name in ("start", "stop"))
        begins = np.sort(mine["start"].to_numpy())
        ends = np.maximum.accumulate(mine["stop"].to_numpy()[np.argsort(mine["start"])])
        before = np.searchsorted(begins, stop, side="left")
        seen[same] = (before > 0) & (ends[np.maximum(before - 1, 0)] > start)
        seen[same] |= trained["uid"].iloc[same].isin(uids).to_numpy()  # times may be unknown
    return seen


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    return text if len(text) < 80 else f"{text[:77]}…"
