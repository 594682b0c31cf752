"""The few kinds of error that neurodecode raises.

Every message says what is wrong (with the value), where (file, key, subject, run) and what to do.
"""

from collections.abc import Sequence


class NeurodecodeError(Exception):
    """Root of every error that neurodecode raises on purpose."""

    exit_code = 2


class ConfigError(NeurodecodeError):
    """A card, an experiment file or an argument says something that cannot be meant.

    Parameters
    ----------
    problems : str or sequence of str
        One line a problem; all of them are shown at once.
    """

    def __init__(self, problems: str | Sequence[str]):
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self):
        return type(self), (self.problems,)


class DataError(NeurodecodeError):
    """A recording, or what was made of it, is not what it is said to be."""


class DataMissing(NeurodecodeError):
    """A file that is needed is not on this machine; the message says how to get it."""

    exit_code = 3


class LeakError(NeurodecodeError):
    """What is tested would have been seen in training."""


class WorkerDied(NeurodecodeError):
    """A process that ran jobs is gone, and with it the jobs that it had not stored."""

    exit_code = 1


class MissingDependency(NeurodecodeError):
    """An optional package is needed and not installed; the message gives the install line."""
