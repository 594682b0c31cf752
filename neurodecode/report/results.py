"""`Results`: a results folder, read; it needs neither data nor model."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import read_json
from neurodecode.core.names import find
from neurodecode.core.rdms import Rdms
from neurodecode.harness.band_parts import PARTS
from neurodecode.harness.dependence import unit_of
from neurodecode.harness.read_reliability import Reliability, read_reliability
from neurodecode.harness.repeat_curves import CURVES
from neurodecode.harness.rsa.run import ANALYSIS, stored_models, stored_rdms
from neurodecode.harness.rsa.table import DIFFERENCES, RsaRow, rsa_rows
from neurodecode.harness.store import ONLINE, Store
from neurodecode.harness.table import table_rows
from neurodecode.harness.table_row import TableRow
from neurodecode.harness.targets import targets_of
from neurodecode.report.bands import parts_table
from neurodecode.report.tables import format_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from neurodecode.report.reconstructed import Reconstructed


class Results:
    """Scores and predictions of one experiment, as the folder holds them now.

    Table, scores and rows are read at once, so that a later run into the same folder changes
    nothing here; predictions are read from their jobs, which are never written twice.

    Parameters
    ----------
    folder : path
        What a run wrote.

    Attributes
    ----------
    index : dict
        The question, folds, jobs, refusals.
    provenance : dict
        Versions, git state, machine, data.
    resolved : str
        The experiment with every default, as YAML.

    Raises
    ------
    ConfigError
        If the folder holds no results.
    """

    def __init__(self, folder: str | Path):
        self.store = Store(Path(folder))
        self.index = self.store.index()
        try:
            self.provenance: dict[str, Any] = read_json(self.folder / "provenance.json")
            self.resolved = (self.folder / "resolved.yaml").read_text(encoding="utf-8")
            self._trials = self.store.rows()
            self._rows = (rsa_rows if self.is_rsa else table_rows)(self.store)
            self._scores = pd.read_parquet(self.folder / "scores.parquet")
        except PermissionError as error:
            raise ConfigError(
                f"{self.folder}: what is stored cannot be read, or its table not be made anew "
                f"({error.strerror}: {error.filename}). Copy the results to a folder of yours."
            ) from error
        except (DataError, OSError, ValueError) as error:
            raise ConfigError(
                f"{self.folder}: a file is damaged or missing ({error}). The run that made the "
                "folder makes it anew: what is finished is not computed again."
            ) from error

    @property
    def folder(self) -> Path:
        """Where the results are."""
        return self.store.folder

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.index["name"]

    @property
    def title(self) -> str:
        """Title of the experiment."""
        return self.index["title"]

    def rows(self) -> list[TableRow]:
        """Rows of the table, models first, then controls; those of `online` are its own."""
        return self._rows

    @property
    def is_rsa(self) -> bool:
        """Whether these are RDMs that were compared, and no model was fitted to trials."""
        return self.index.get("analysis") == ANALYSIS

    def rdms(self) -> Rdms:
        """Give the dissimilarities that were compared with those of the models.

        Returns
        -------
        rdms : Rdms
            Those of subjects, by region and time, then those of the models, each a subject of the
            region ``model``; members of fitted models are ``MODEL: MEMBER``.

        Raises
        ------
        ConfigError
            If these are results of decoders or encoders.
        """
        if not self.is_rsa:
            raise ConfigError(f"rdms: {self.folder} holds predictions. Use predictions().")
        data = stored_rdms(self.store, self.index)
        models = stored_models(self.store, self.index)
        names = [
            f"{one.name}: {member}" if one.members else one.name
            for one in models
            for member in one.members or ("",)
        ]
        told = pd.DataFrame({"subject": names, "region": "model"})
        table = pd.concat([data.table, told], ignore_index=True)
        values = np.concatenate([data.values, *(one.values for one in models)])
        return Rdms(values, data.conditions, table)

    def differences(self, metric: str | None = None) -> pd.DataFrame:
        """Give which of two models agrees better with the brain, of RDMs that were compared.

        Parameters
        ----------
        metric : str, optional
            Only this comparison.

        Returns
        -------
        differences : DataFrame
            ``metric region time model other difference p p_corrected``: two-sided p of a t test
            with the variance of the bootstrap, and the same corrected over all pairs for the rate
            of false discoveries. Empty where conditions were not resampled.

        Raises
        ------
        ConfigError
            If these are results of decoders or encoders: `neurodecode.compare` tests those.
        """
        if not self.is_rsa:
            raise ConfigError(f"differences: {self.folder} holds predictions. Use nd.compare.")
        found = pd.read_parquet(self.folder / DIFFERENCES)
        wanted = found if metric is None else found[found["metric"] == self._known_metric(metric)]
        return pd.DataFrame(wanted).reset_index(drop=True)

    @property
    def online(self) -> "Results | None":
        """The same models run over recordings as they would online, where that was asked for."""
        place = self.folder / ONLINE
        there = self.index["online"] and (place / "jobs.json").is_file()
        return Results(place) if there else None

    def all_rows(self) -> list[TableRow]:
        """Rows of the table, then those of `online`."""
        online = self.online
        return [*self._rows, *(online.rows() if online is not None else [])]

    def table(self, metric: str | None = None) -> pd.DataFrame:
        """Give the table, one row a model and metric.

        Parameters
        ----------
        metric : str, optional
            Only this metric.

        Returns
        -------
        table : DataFrame
            ``model metric mean ci_low ci_high chance shuffled_mean shuffled_sd p n_units unit
            n_trials flags note role evaluation tested shown_as p_of``, those of the noise ceiling
            (see `neurodecode.harness.table_row`), and one column a unit, such as a subject.
        """
        every = self.all_rows()
        rows = [row for row in every if metric in (None, row.metric)]
        if not rows:
            known = dict.fromkeys(row.metric for row in every)
            raise ConfigError(f"table: no metric {metric!r}; there are: {', '.join(known)}.")
        frame = pd.DataFrame([vars(row) for row in rows])
        units = pd.DataFrame([row.per_unit for row in rows])
        frame["flags"] = [", ".join(row.flags) for row in rows]
        return pd.concat([frame.drop(columns=["experiment", "per_unit"]), units], axis=1)

    def text(self) -> str:
        """Give the table as aligned text."""
        return format_rows(self.all_rows(), "text")

    def scores(self) -> pd.DataFrame:
        """Give every score: one row a model, metric, seed, fold, group and shuffled draw."""
        return self._scores.copy()

    def time_course(self, metric: str | None = None) -> pd.DataFrame:
        """Give the score at each time of a trial, for models that predict at each.

        Parameters
        ----------
        metric : str, optional
            The first one of the experiment without.

        Returns
        -------
        course : DataFrame
            ``model metric train_time time`` (seconds from the event; `train_time` is NaN but for
            generalization across time), the unit (such as ``subject``), ``score chance shuffled``.
            Of RDMs that were compared ``model metric subject region time score``.

        Raises
        ------
        ConfigError
            If no model predicts over time, or there is no such metric.
        """
        wanted = self._known_metric(metric)
        if self.is_rsa:
            timed = self._scores["metric"].eq(wanted) & self._scores["time"].notna()
            return pd.DataFrame(self._scores[timed]).reset_index(drop=True)
        mine = self._scores[(self._scores["metric"] == wanted) & self._scores["time"].notna()]
        if len(mine) == 0:
            raise ConfigError(
                f"time_course: no model predicts over time in {self.folder}. Use "
                "linear.time_resolved, or mne.decoding.SlidingEstimator."
            )
        unit = next((u for u in ("subject", "session", "fold") if u in self.index["within"]), "")
        keys = ["model", "metric", "train_time", "time", *filter(None, [unit])]
        null = (mine["draw"] >= 0) | (mine["permutation"] >= 0)
        own, drawn = (pd.DataFrame(mine[keep]) for keep in (~null, mine["draw"] >= 0))
        course: Any = own.groupby(keys, dropna=False)[["score", "chance"]].mean()
        drawn = drawn.groupby(keys, dropna=False)["score"].mean()
        return course.assign(shuffled=drawn).reset_index()

    def repeat_curve(self, metric: str | None = None) -> pd.DataFrame:
        """Give the score of the mean answer to 1, 2, 4, … and all repeats of a stimulus.

        Parameters
        ----------
        metric : str, optional
            Of retrieval; all of them without.

        Returns
        -------
        curve : DataFrame
            ``model metric n_repeats``, the unit (such as ``subject``), ``score chance
            n_candidates``; means over folds and seeds. `n_candidates` is the size of the gallery.

        Raises
        ------
        ConfigError
            If no stimulus was repeated, or there is no such metric.
        """
        self._check_fitted("repeat_curve")
        path = self.folder / CURVES
        curves = pd.read_parquet(path) if path.is_file() else pd.DataFrame({"metric": []})
        if metric is not None:
            curves = pd.DataFrame(curves[curves["metric"] == metric])
        if len(curves) == 0:
            of = f" under {metric!r}" if metric else ""
            raise ConfigError(
                f"repeat_curve: there is none{of} in {self.folder}: metrics of retrieval have one, "
                "such as top_1, where stimuli were repeated among the test rows."
            )
        unit = next((u for u in ("subject", "session", "fold") if u in self.index["within"]), "")
        keys = ["model", "metric", "n_repeats", *filter(None, [unit])]
        found: Any = curves.groupby(keys, sort=False)[["score", "chance", "n_candidates"]].mean()
        return found.reset_index()

    def _check_fitted(self, what: str) -> None:
        if self.is_rsa:
            raise ConfigError(
                f"{what}: {self.folder} holds RDMs that were compared, and no predictions. Use "
                "rdms(), table() or scores()."
            )

    def targets(self, metric: str | None = None, model: str | None = None) -> pd.DataFrame:
        """Give each target (voxel, vertex or channel, and time) of an encoder with its score.

        Parameters
        ----------
        metric : str, optional
            Whose score is a mean over targets, such as r; the first such one without.
        model : str, optional
            The one with the best score without.

        Returns
        -------
        targets : DataFrame
            ``subject space target name``, where they are known ``region``, ``i j k`` (voxel),
            ``hemisphere vertex``, ``x y z`` (metres) and ``time`` (seconds from the event);
            ``score``, the mean over folds and seeds, then sessions, NaN of a constant target. Of
            `r` and rows that follow each other in time ``p`` (one-sided, by blocks of time in
            another order), ``p_max`` (corrected for all targets of the person) and ``q`` (for the
            share of false ones). Of metrics that have one, ``ceiling``, the noise ceiling in the
            unit of the metric, and ``fraction``, score over ceiling, NaN where that is not above
            zero: neither is clipped, and no mean of fractions tells anything (take sums, or a
            median). What a model chose for each target, such as ``layer``, has a column of its own.
            Of `r2` and an encoder with bands of features ``r2_BAND``, what each adds to the score,
            and ``r2_offset``: they sum to it; of one that was fitted without each band too
            ``r2_unique_BAND``, what is lost without it: see `parts`.

        Raises
        ------
        ConfigError
            If what is told is no brain, or there is no such metric or model.
        """
        if self.index["target"]["kind"] != "brain":
            raise ConfigError(
                f"targets: {self.folder} does not tell brains. They are there of direction: encode."
            )
        of_targets = [
            one for one in self.index["metrics"] if find(one, "metrics").of_targets is not None
        ]
        if metric not in (None, *of_targets) or not of_targets:
            raise ConfigError(
                f"targets: {metric or 'no metric'} is no mean over targets; there are: "
                f"{', '.join(of_targets) or 'none. Ask for r or r2'}."
            )
        wanted = metric or of_targets[0]
        scored = [row for row in self._rows if row.metric == wanted and not row.note]
        names = [row.model for row in scored]
        if model not in (None, *names) or not names:
            raise ConfigError(
                f"targets: no model {model!r} has a score; there are: {', '.join(names)}."
            )
        better = 1 if find(wanted, "metrics").direction == "up" else -1
        best = max(
            scored, key=lambda row: (row.role == "model", better * row.mean)
        )  # controls last
        return targets_of(self.store, wanted, model or best.model)

    def parts(
        self, model: str | None = None, split: Literal["product", "unique"] = "product"
    ) -> pd.DataFrame:
        """Give what each band of features adds to the R² of an encoder, mean over its targets.

        Of tested rows. By the product measure what several bands tell is dealt out among them; what
        is unique to a band is lost when all else is fitted without it. A part is negative where its
        band takes away from what others tell, and none is cut at zero.

        Parameters
        ----------
        model : str, optional
            The first one with bands without.
        split : {"product", "unique"}
            The latter of models that were fitted without each band too (``drop_one: true``).

        Returns
        -------
        parts : DataFrame
            ``part mean ci_low ci_high`` and a column a unit, such as a subject: a row a band, then
            ``offset``, what tested rows lose by another mean than that of training, or ``shared``,
            what is told and unique to none; and ``r2``, their sum. Of one unit there is no
            interval. `targets` has them target by target.

        Raises
        ------
        ConfigError
            If no model has bands, or not this one, or it is not known what is lost without them.
        """
        self._check_fitted("parts")
        found = self.models_with_bands()
        if model not in (None, *found) or not found:
            of = f"model {model!r} has none" if model else "no model has bands of features"
            raise ConfigError(
                f"parts: {of} in {self.folder}; there are: "
                f"{', '.join(found) or 'none. Use encode.banded_ridge'}."
            )
        model = model or found[0]
        known = self.splits_of(model)
        if split not in known:
            raise ConfigError(
                f"parts: split {split!r} of {model}; there are: {', '.join(known)}. What is lost "
                "without a band is known of models with drop_one: true."
            )
        frame = pd.read_parquet(self.folder / PARTS)
        frame = pd.DataFrame(frame[frame["split"] == split])
        return parts_table(frame, model, unit_of(self.index["within"]), self.index["inflation"])

    def models_with_bands(self) -> list[str]:
        """Name the encoders whose R² `parts` can part."""
        path = self.folder / PARTS
        return list(dict.fromkeys(pd.read_parquet(path)["model"])) if path.is_file() else []

    def splits_of(self, model: str) -> list[str]:
        """Name the ways in which `parts` can part the R² of an encoder with bands."""
        frame = pd.read_parquet(self.folder / PARTS)
        return list(dict.fromkeys(frame["split"][frame["model"] == model]))

    def reliability(self) -> pd.DataFrame:
        """Give how reliable the brain signals are that decoders of vectors and pictures read.

        Returns
        -------
        reliability : DataFrame
            A row a subject and signal, means over its features: ``n_features n_stimuli fewest most
            n_repeats reliability reliability_of_mean ncsnr``, as
            `neurodecode.harness.read_reliability.Reliability` has them. Empty where no tested
            stimulus was shown twice to one person. An encoder's is in `targets`.
        """
        found = read_reliability(self.folder)
        return pd.DataFrame(
            [vars(one) for one in found], columns=[one.name for one in fields(Reliability)]
        )

    def _known_metric(self, metric: str | None) -> str:
        known = self.index["metrics"]
        if metric is not None and metric not in known:
            raise ConfigError(f"no metric {metric!r}; there are: {', '.join(known)}.")
        return metric or known[0]

    def trials(self) -> pd.DataFrame:
        """Give the table of the trials: one row each, with its columns and the truth, ``y``."""
        return self._trials.copy()

    def predictions(self, model: str | None = None) -> pd.DataFrame:
        """Give every stored prediction with its row: what was shown, what was said, how surely.

        Parameters
        ----------
        model : str, optional
            Only this model.

        Returns
        -------
        predictions : DataFrame
            ``model seed fold``, the columns of the row, ``pred`` and ``score_CLASS``; arrays in
            them where a model predicts vectors, or at each time. The truth is ``label`` (or the
            value's column).
        """
        self._check_fitted("predictions")
        classes = tuple(self.index["target"]["classes"])
        rows = self._trials.set_index("uid")
        frames = []
        for job in self.store.answers(self.index):  # none of what failed, or was not run yet
            drawn = job["draw"] is not None or job["permutation"] is not None
            if drawn or model not in (None, job["model"]):
                continue
            found = self.store.predictions(job["key"], classes, job["ceiling"])
            pred: Any = np.array(classes, dtype=object)[found.pred] if classes else found.pred
            frame = rows.loc[found.uid].reset_index()
            frame.insert(0, "fold", job["fold"])
            frame.insert(0, "seed", job["seed"])
            frame.insert(0, "model", job["model"])
            frame["pred"] = pred if pred.ndim == 1 else list(pred)
            if found.axes and found.scores is not None:
                frame[[f"score_{name}" for name in classes]] = pd.DataFrame(
                    {name: list(found.scores[..., i]) for i, name in enumerate(classes)}
                )
                frame["score_kind"] = found.score_kind
            elif found.scores is not None:
                frame[[f"score_{name}" for name in classes]] = found.scores
                frame["score_kind"] = found.score_kind
            frames.append(frame)
        if not frames:
            names = ", ".join(one["name"] for one in self.index["models"])
            raise ConfigError(f"predictions: none of model {model!r}; there are: {names}.")
        return pd.concat(frames, ignore_index=True)

    def plot(
        self, metric: str | None = None, ax: "Axes | None" = None, *, region: str | None = None
    ) -> "Axes":
        """Draw one point a subject, the mean with its interval, chance and the shuffled null.

        Parameters
        ----------
        metric : str, optional
            The first one of the experiment without.
        ax : matplotlib Axes, optional
        region : str, optional
            Of RDMs that were compared; the first one without. Noise ceilings are a band.

        Returns
        -------
        ax : matplotlib Axes
        """
        from neurodecode.report.figures import plot_scores

        wanted = self._known_metric(metric)
        if self.is_rsa:
            return self._plot_agreement(wanted, region, ax)
        return plot_scores([row for row in self.rows() if row.metric == wanted], ax)

    def _plot_agreement(self, metric: str, region: str | None, ax: "Axes | None") -> "Axes":
        from neurodecode.report.rsa_figures import plot_agreement, plot_course

        rows = [row for row in self._rows if isinstance(row, RsaRow) and row.metric == metric]
        known = list(dict.fromkeys(row.region for row in rows))
        if region is not None and region not in known:
            raise ConfigError(f"plot: no region {region!r}; there are: {', '.join(known)}.")
        mine = [row for row in rows if row.region == (known[0] if region is None else region)]
        timed = any(row.time is not None for row in mine)
        return (plot_course if timed else plot_agreement)(mine, ax)

    def pictures(
        self, choice: str = "ranked", n: int | None = None, model: str | None = None
    ) -> "Reconstructed":
        """Give pictures that were shown, and what models, nulls and ceilings tell of each.

        Parameters
        ----------
        choice : {"ranked", "first"}
            The best, the middle and the worst answers under the first metric of pictures; or the
            first tested pictures, as they come. Each picture once.
        n : int, optional
            How many; 9 and 12 without.
        model : str, optional
            Whose answers are ranked; those of the best model without.

        Returns
        -------
        pictures : Reconstructed
            ``shown`` and ``told[NAME]`` are arrays of shape (n, height, width, channels), from 0 to
            1; ``table()`` has their scores, and ``plot()`` draws them.

        Raises
        ------
        ConfigError
            If no pictures are told, none has a score, or there is no such choice or model.
        """
        from neurodecode.report.reconstructed import N_SHOWN, reconstructed

        self._check_fitted("pictures")
        asked: Any = {choice: N_SHOWN.get(choice, 1) if n is None else n}  # pyright: ignore[reportArgumentType, reportCallIssue]
        found = reconstructed(self, asked, model)
        if not found:
            raise ConfigError(
                f"pictures: {self.folder} has none with a score. They are there where pictures are "
                "told (target: {picture: NAME}) and a model has a score of them, such as pixcorr."
            )
        return found[0]

    def report(self, path: str | Path | None = None) -> Path:
        """Write one self-contained HTML page.

        Parameters
        ----------
        path : path, optional
            A file, or a folder that gets ``report.html``; the results folder without.

        Returns
        -------
        path : Path
        """
        from neurodecode.report.page import write_page

        place = self.folder if path is None else Path(path)
        return write_page([self], place if place.suffix == ".html" else place / "report.html")

    def __repr__(self) -> str:
        return f"Results({self.folder})\n{self.text()}"


def load_results(folder: str | Path) -> Results:
    """Open a results folder.

    Parameters
    ----------
    folder : path
        What ``neurodecode run`` or `evaluate` wrote.

    Returns
    -------
    results : Results
    """
    return Results(folder)
