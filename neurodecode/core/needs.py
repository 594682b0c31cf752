"""`Needs`: what a model declares, so that a misfit is found before anything is computed."""

from dataclasses import dataclass

# What a step says it `gives` is a tuple of the axes of a transformed trial; or this, the axes that
# it was handed. Of a step without `gives` nothing is known, and nothing after it is refused.
SAME: tuple[str, ...] = ("…",)


@dataclass(frozen=True)
class Needs:
    """What a model or step asks for; read by `plan`.

    Parameters
    ----------
    trials : bool
        Handed `Trials` instead of arrays.
    batches : bool
        Reads trials one batch at a time: handed `Trials` without columns where it stands first,
        arrays where steps stand before it.
    targets : tuple of str
        Kinds of target it can learn.
    signals : int or tuple of str
        How many signals, or which.
    ragged_targets : bool
        Whether what is to be learnt may differ in length from row to row, as brains do of people
        with voxels of their own: y is then a list of arrays, one a row; that of labelled rows of
        the tested is an array, and they are told as many values. One person is tested a fold.
    lazy_targets : bool
        Whether vectors to be learnt may be `neurodecode.core.entries.Entries`, read block by block
        where they are too many to be held; else they are an array.
    axes : tuple of str or None
        Axes of a trial, such as ``("channel", "time")``; None takes any.
    spaces : {"one", "many"}
        Whether the rows of a fold may come from several spaces.
    ragged, missing, unlabelled : bool
        Whether trials may differ in length, lack a signal, lack a target.
    columns : tuple of str
        The only columns of rows it is handed; never the target's.
    training_columns : tuple of str
        Columns of the training rows that ``fit(X, y, rows=table)`` is handed beside y, a pandas
        table in their order with these columns and no others; validation rows come as ``val=(X, y,
        rows)``, labelled rows of the tested as ``adapt(X, y, rows=table)``. Never at prediction: of
        a row that is tested, its stimulus would be the answer.
    training_columns_if_there : tuple of str
        More of them, for rows that have such a column; where it lacks all its values are None.
    training_signals : tuple of str
        Signals of what training rows show (declared features, tracks) that ``fit(X, y, signals=…)``
        is handed beside y: a mapping of name to `neurodecode.core.entries.Entries` of shape
        (n_trials, …), in the order of y, read as arrays are. Validation rows come as ``val=(X, y,
        signals)``, or ``val=(X, y, rows, signals)`` where there are columns too, labelled rows of
        the tested as ``adapt(X, y, signals=…)``. Never at prediction, and no model reads them as
        brain.
    target_space : bool
        Whether ``fit(X, y, space=…)`` is handed the `neurodecode.core.space.Space` of the brain
        that it is to tell, which knows of what region each voxel is; None where that is no brain.
    positions : bool
        Whether sensor positions must be known.
    full_rank : bool
        Whether it inverts a covariance without shrinkage, so that rank-deficient data break it.
    rowless : bool
        Whether it takes arrays too where nothing is known of the rows, as of a stream.
    calibration : bool
        Whether its ``adapt`` must be told labels of some trials of the tested.
    transductive : bool
        Whether its ``adapt`` must be shown all test rows before it answers any of them.
    updates : bool
        Whether it is of use only where it may go on learning while it is tested: its ``update`` is
        handed each test trial before that one is answered.
    sequential : bool
        Whether an answer leans on earlier trials of its recording, in the order of time, and never
        on later ones: what it says of a trial among its predecessors is what it says of it.
    val, init : bool
        Whether `fit` takes ``val=(X, y)`` or ``init=fitted``.
    min_trials : int
        Fewest training trials a class.
    packages : tuple of str
        Optional packages.
    """

    trials: bool = False
    batches: bool = False
    targets: tuple[str, ...] = ("label",)
    ragged_targets: bool = False
    lazy_targets: bool = False
    signals: int | tuple[str, ...] = 1
    axes: tuple[str, ...] | None = None
    spaces: str = "one"
    ragged: bool = False
    missing: bool = False
    unlabelled: bool = False
    columns: tuple[str, ...] = ()
    training_columns: tuple[str, ...] = ()
    training_columns_if_there: tuple[str, ...] = ()
    training_signals: tuple[str, ...] = ()
    target_space: bool = False
    positions: bool = False
    full_rank: bool = False
    rowless: bool = False
    calibration: bool = False
    transductive: bool = False
    updates: bool = False
    sequential: bool = False
    val: bool = False
    init: bool = False
    min_trials: int = 2
    packages: tuple[str, ...] = ()
