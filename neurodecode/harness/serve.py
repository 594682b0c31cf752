"""Make the decoder of a stream from a model that was kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.updating import learning
from neurodecode.data.readers import find_recordings, open_file
from neurodecode.data.simulated import is_simulated
from neurodecode.harness.apply import misfit, read_again
from neurodecode.harness.keep import FINAL, Kept, open_model
from neurodecode.harness.resolve import Resolved
from neurodecode.harness.store import ONLINE, Store
from neurodecode.online.retriever import StreamingRetriever
from neurodecode.online.retrieving import StimulusGallery
from neurodecode.online.streaming import StreamingDecoder
from neurodecode.signal._streams import of_unknown_length, streams_of
from neurodecode.signal.channels import Pick


@dataclass(frozen=True, eq=False)
class Served:
    """A decoder for one source of samples.

    Parameters
    ----------
    decoder : StreamingDecoder
    model : str
        Name in the table.
    notes : tuple of str
        What was done to make the source fit.
    """

    decoder: StreamingDecoder | StreamingRetriever
    model: str
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Servable:
    """A model that was kept, with what must be done to samples before it is asked.

    Parameters
    ----------
    kept : Kept
    resolved : Resolved
        The experiment as it was run.
    index : dict
        ``jobs.json`` of the results.
    store : Store
    key : str
        Of the model in the store.
    """

    kept: Kept
    resolved: Resolved
    index: dict[str, Any]
    store: Store
    key: str

    @property
    def tells_vectors(self) -> bool:
        """Whether its answers are looked up in a gallery."""
        return self.resolved.question.target.kind == "vector"

    def recording(self, path: Path) -> Recording:
        """Give the recording of a file, as the experiment's card reads it.

        Where recordings are simulated, `path` is the name of one, such as ``01/1/2``: subject,
        session and run.
        """
        card, variant = self.resolved.card, self.resolved.experiment.data.variant
        if not is_simulated(card.variant(variant)):
            return open_file(card, variant, path)
        named = {
            f"{r.subject}/{r.session}/{r.run}": r for r in find_recordings(card, variant, path)
        }
        if path.as_posix() not in named:
            raise ConfigError(
                f"{card.name}: its recordings are simulated, and none is {path.as_posix()!r}. Name "
                f"one by subject, session and run; there are: {', '.join(named)}."
            )
        return named[path.as_posix()]

    def onsets(self, signal: Signal) -> list[float]:
        """Give the onsets of the events of a recording that the task asks for, ascending."""
        events = signal.events
        asked = np.isfinite(events["onset"].to_numpy(dtype=np.float64))
        for name, values in self.resolved.task.rows.items():
            if name not in events:
                raise DataError(
                    f"stream: the events have no column {name!r}, by which the task chooses them; "
                    f"there are: {', '.join(map(str, events))}."
                )
            asked &= events[name].astype(str).isin([str(one) for one in values]).to_numpy()
        return sorted(events["onset"].to_numpy(dtype=np.float64)[asked].tolist())

    def retriever(
        self,
        header: Signal,
        where: str,
        gallery: StimulusGallery,
        *,
        hop: float | None = None,
        subject: str = "",
        jitter: float = 0.0,
    ) -> Served:
        """Make the decoder of vectors for samples of a source.

        Parameters
        ----------
        header : Signal
            Channels and rate of the source.
        where : str
            The source, for messages.
        gallery : StimulusGallery
        hop : float or None
            Seconds between windows; None: one around each event.
        subject : str
            Whose samples they are, for models that ask.
        jitter : float
            Seconds by which its time stamps may be off.

        Raises
        ------
        ConfigError
            If a preparation or a stage looks ahead, or asks for what is not known.
        DataError
            If the source has not what the model was trained on.
        """
        windows = self.resolved.experiment.windows
        assert windows is not None and windows.tmin is not None and windows.tmax is not None
        header = of_unknown_length(header)
        before, notes = self._before(header, where)
        decoder = StreamingRetriever(
            (*before, *self.resolved.preparations),
            header,
            self.kept.stages,
            gallery,
            tmin=windows.tmin,
            tmax=windows.tmax,
            hop=hop,
            reducer=self.kept.reducer,
            columns={"subject": subject} if subject else {},
            jitter=jitter,
        )
        self._check_fit(decoder, where)
        return Served(decoder, self.kept.model, notes)

    def decoder(self, header: Signal, where: str, jitter: float = 0.0) -> Served:
        """Make the decoder for samples of a source.

        Parameters
        ----------
        header : Signal
            Channels and rate of the source.
        where : str
            The source, for messages.
        jitter : float
            Seconds by which its time stamps may be off.

        Raises
        ------
        ConfigError
            If a preparation or a stage looks ahead.
        DataError
            If the source has not what the model was trained on.
        """
        windows = self.resolved.experiment.windows
        assert windows is not None and windows.length and windows.hop  # `servable` refused others
        header = of_unknown_length(header)
        before, notes = self._before(header, where)
        preparations = (*before, *self.resolved.preparations)
        updates = self.resolved.question.access.updates
        if any(learning(self.kept.stages, updates)[1]):
            told = "What learns labels stays as it was fitted: they do not come with a stream."
            notes = (*notes, told)
        decoder = StreamingDecoder(
            preparations,
            header,
            self.kept.stages,
            self.index["target"]["classes"],
            windows.length,
            windows.hop,
            updates=updates,
            jitter=jitter,
        )
        self._check_fit(decoder, where)
        return Served(decoder, self.kept.model, notes)

    def _check_fit(self, decoder: StreamingDecoder, where: str) -> None:
        """Hold what is prepared of a source to what the model was trained on."""
        trained = self.index["input"]
        problem = misfit(decoder.prepared, where, trained)
        if not problem and trained["n_times"] not in (None, decoder.n_window):
            problem = (
                f"{where}: windows of {decoder.n_window} samples, and the model was trained on "
                f"{trained['n_times']}. Is this source of the same kind?"
            )
        if problem:
            raise DataError(problem)

    def _before(self, header: Signal, where: str) -> tuple[tuple[Pick, ...], tuple[str, ...]]:
        """Say what brings the channels of a source to the trained ones, in words too."""
        wanted, there = tuple(self.index["input"]["names"]), header.space.names
        try:
            after = streams_of(self.resolved.preparations, header)[1]
        except ConfigError as error:
            raise ConfigError(
                [
                    "stream: the experiment prepares recordings by what looks ahead. Change "
                    "prepare as said below, and run it again:",
                    *error.problems,
                ]
            ) from error
        except DataError:
            after = None  # of channels that the source lacks, or has more
        if after is not None and after.space.names == wanted:
            return (), ()
        if not wanted or not set(wanted) <= set(there):
            lacking = [name for name in wanted if name not in there]
            raise DataError(
                f"{where}: the model was trained on {len(wanted)} channels, and this source lacks "
                f"{', '.join(lacking[:8]) or 'none, but prepares others'}. Use the montage of the "
                "training, or train with channels: common."
            )
        extra = [name for name in there if name not in wanted]
        how = f"left out {', '.join(extra)}" if extra else "put into the trained order"
        return (Pick(wanted),), (f"{where}: channels were {how}.",)


def servable(
    folder: Path, model: str | None = None, fold: str | None = None, *, allow_code: bool = False
) -> Servable:
    """Open a model that was kept, for streams.

    Parameters
    ----------
    folder : Path
        Results of a run that kept its models; where it has an ``online:`` part, those of that.
    model : str, optional
        Name in the table; the first one that was kept without.
    fold : str, optional
        The fold whose model is served (``keep: folds``), by its name, after ``SEED/`` where there
        are several; without, the model of all rows.
    allow_code : bool
        Whether a model may be of classes from outside.

    Raises
    ------
    ConfigError
        If none was kept, or the experiment's decoders answer what no stream can ask.
    """
    if (folder / ONLINE / "jobs.json").is_file():
        folder = folder / ONLINE
    store = Store(folder)
    index = store.index()
    resolved = read_again(folder, allow_code)
    _check_streams(resolved, folder)
    key = _key(store, index, model, FINAL if fold is None else fold)
    return Servable(open_model(store, key, allow_code=allow_code), resolved, index, store, key)


def _check_streams(resolved: Resolved, folder: Path) -> None:
    """Refuse experiments whose decoders answer what no stream can ask."""
    experiment, question = resolved.experiment, resolved.question
    kind = question.target.kind
    if experiment.direction == "encode" or kind not in ("label", "vector"):
        raise ConfigError(
            f"stream: {folder} tells no classes and no vectors, and a stream is told by these. "
            "Serve an experiment whose target has a label or a vector."
        )
    if kind == "vector" and (experiment.windows is None or experiment.windows.tmin is None):
        raise ConfigError(
            f"stream: the models of {folder} tell vectors of {experiment.windows}, and a stream "
            "cuts windows of one length around events. Run the experiment with windows: {tmin: "
            "0.0, tmax: 0.6}."
        )
    if kind == "label" and (experiment.windows is None or experiment.windows.length is None):
        raise ConfigError(
            f"stream: the models of {folder} were trained on windows around events, and a stream "
            "has no events. Run the experiment with windows: {length: 2.0, hop: 0.5, otherwise: "
            "rest}, or with an online: part, and keep: final."
        )
    if question.access.transductive:
        raise ConfigError(
            f"stream: the models of {folder} see all that is tested beforehand (target_access: "
            "transductive), and of a stream that is still to come. Run the experiment with "
            "target_access: none."
        )
    if experiment.data.pair is not None:
        raise ConfigError(
            f"stream: the trials of {folder} are paired with other recordings, and a stream is "
            "one. Leave data.pair out."
        )


def _key(store: Store, index: dict[str, Any], model: str | None, fold: str) -> str:
    """Key of a model that was kept: of all rows, or of one fold."""
    keys: dict[str, dict[str, str]] = {}  # by model, then by fold, with its seed and without
    folds: dict[str, None] = {}
    for name, key in index.get("finals", {}).items():
        if store.has_model(key):
            keys.setdefault(name, {})[FINAL] = key
    for job in index["jobs"]:
        if job["draw"] is None and job["permutation"] is None and store.has_model(job["key"]):
            of_model = keys.setdefault(job["model"], {})
            of_model[f"{job['seed']}/{job['fold']}"] = job["key"]
            of_model.setdefault(job["fold"], job["key"])
            folds[job["fold"]] = None
    if not keys:
        raise ConfigError(
            f"stream: {store.folder} kept no model. Run the experiment again with: --set "
            "keep=final (or folds)"
        )
    order = [one["name"] for one in index["models"] if one["name"] in keys]
    name = order[0] if model is None else model
    if name not in keys:
        raise ConfigError(f"stream: no model {name!r} was kept.{nearest(name, keys)}")
    if fold not in keys[name]:
        there = ", ".join(one for one in (FINAL, *folds) if one in keys[name])
        raise ConfigError(
            f"stream: of {name} no model of the fold {fold!r} was kept; there are: {there}. Run "
            "the experiment with: --set keep=folds"
        )
    return keys[name][fold]


def continuous(recording: Recording) -> Signal:
    """Read a recording that is to be replayed.

    Raises
    ------
    DataError
        If it is not continuous.
    """
    signal = recording.load()
    if not signal.continuous or signal.data is None or not np.size(signal.data):
        raise DataError(
            f"{recording.files[0].path}: {signal!r} is no continuous recording, and nothing else "
            "can be replayed. Replay the recording that it was made of."
        )
    return signal
