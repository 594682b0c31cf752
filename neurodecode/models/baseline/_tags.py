"""What scikit-learn is told of models that see no brain."""

from typing import Any


def of_trials(tags: Any) -> Any:
    """Tags of an estimator that is handed `Trials`: rows of a table, no array."""
    tags.input_tags.two_d_array = False
    return tags
