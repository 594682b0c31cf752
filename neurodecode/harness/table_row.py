"""One line of the table: what is said of a model's score by one metric."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class TableRow:
    """One model under one metric.

    Parameters
    ----------
    experiment, model, metric : str
    mean : float
        Over folds and seeds, then sessions, then units.
    ci_low, ci_high : float
        95 % interval: Student t over units (bias-corrected bootstrap from 20 on); over the blocks
        or trials of one unit a percentile bootstrap, flagged ``test-set only``. Wider where who is
        tested trains the others' models: `neurodecode.harness.dependence.inflations`. NaN, and
        flagged ``no_interval``, where units or draws have equal scores, or two units train each
        other's models: their spread tells nothing.
    chance : float
        Expected score of one who knows the training prior alone.
    shuffled_mean, shuffled_sd : float or None
        The null: training labels permuted within run or block, or subject; series, and brains with
        a rate, moved on in time within the run.
    p : float or None
        Where `n_permutations` is given: share of permutations of the labels within runs or blocks,
        of series of moves in time, the model fitted anew, that score as well; of six or more
        subjects, none of which trains another's model, of flips of the signs of their scores less
        chance. Else, of metrics of retrieval: share of draws that deal the answers to the pictures
        anew.
    n_units : int
    unit : str
        What `per_unit` counts: subject, session or fold.
    n_trials : int
        Distinct test rows.
    flags : tuple of str
    per_unit : dict of str to float
    note : str
        Why there is no score, or empty.
    role : {"model", "control", "ceiling"}
    evaluation : {"offline", "pseudo_online"}
        Whether trials were cut around events, or windows slid over recordings as online.
    tested : {"trial", "window"}
        What `n_trials` counts. Windows that slide overlap, and are no independent trials.
    shown_as : str
        The metric as tables show it: of retrieval with the size of the gallery and what it holds,
        as in ``top_5@200/image``; with both ends where groups have galleries of several sizes.
    p_of : {"labels", "signs", "pairings", "blocks", ""}
        What was permuted for p.
    ceiling : float or None
        Noise ceiling of the score, in its unit: mean over the targets whose reliability is above
        the threshold of the experiment, then over units. None where no repeats tell it.
    of_ceiling, of_ceiling_low, of_ceiling_high : float or None
        The score as a fraction of it, the sum of their scores over the sum of their ceilings, and
        its 95 % interval over units.
    ceiling_by : str
        Function that gave it, of `neurodecode.metrics.ceilings`.
    ceiling_unit : {"r", "r2", ""}
    ceiling_of : {"single", "mean_k", ""}
        Whether scores are made against single rows, or means of repeats.
    n_above, n_targets : int
        Targets that count, of how many.
    ceiling_note : str
        Why there is none, of a metric that could have one.
    """

    experiment: str
    model: str
    metric: str
    mean: float
    ci_low: float
    ci_high: float
    chance: float
    shuffled_mean: float | None
    shuffled_sd: float | None
    p: float | None
    n_units: int
    unit: str
    n_trials: int
    flags: tuple[str, ...]
    per_unit: dict[str, float] = field(default_factory=dict)
    note: str = ""
    role: str = "model"
    evaluation: str = "offline"
    tested: str = "trial"
    shown_as: str = ""
    p_of: str = ""
    ceiling: float | None = None
    of_ceiling: float | None = None
    of_ceiling_low: float | None = None
    of_ceiling_high: float | None = None
    ceiling_by: str = ""
    ceiling_unit: str = ""
    ceiling_of: str = ""
    n_above: int = 0
    n_targets: int = 0
    ceiling_note: str = ""

    def __post_init__(self):
        if not self.shown_as:
            object.__setattr__(self, "shown_as", self.metric)
