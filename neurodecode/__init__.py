"""neurodecode: decode brain signals, and get a table that can be believed.

>>> import neurodecode as nd
>>> results = nd.evaluate(epochs, target="hand", models=["linear.csp_lda"])  # doctest: +SKIP
>>> results.table()                                                          # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "Rdms",
    "build",
    "compare",
    "evaluate",
    "identify_regions",
    "load",
    "load_results",
    "metric_curve",
    "model_scaling",
    "nested_layers",
    "pseudo_depth",
    "roi_pictures",
    "rsa",
    "searchlight",
    "stimuli",
    "table",
]

_HOME = {
    "Rdms": "neurodecode.core.rdms",
    "build": "neurodecode.report.notebook",
    "compare": "neurodecode.report.compare",
    "evaluate": "neurodecode.report.evaluate",
    "identify_regions": "neurodecode.report.identification",
    "load": "neurodecode.report.notebook",
    "load_results": "neurodecode.report.results",
    "metric_curve": "neurodecode.report.metric_curves",
    "model_scaling": "neurodecode.report.scaling",
    "nested_layers": "neurodecode.report.scaling",
    "pseudo_depth": "neurodecode.report.metric_curves",
    "roi_pictures": "neurodecode.report.regions",
    "rsa": "neurodecode.report.rsa",
    "searchlight": "neurodecode.report.searchlight",
    "stimuli": "neurodecode.report.notebook",
    "table": "neurodecode.report.notebook",
}

if TYPE_CHECKING:
    from neurodecode.core.rdms import Rdms
    from neurodecode.report.compare import compare
    from neurodecode.report.evaluate import evaluate
    from neurodecode.report.identification import identify_regions
    from neurodecode.report.metric_curves import metric_curve, pseudo_depth
    from neurodecode.report.notebook import build, load, stimuli, table
    from neurodecode.report.regions import roi_pictures
    from neurodecode.report.results import load_results
    from neurodecode.report.rsa import rsa
    from neurodecode.report.scaling import model_scaling, nested_layers
    from neurodecode.report.searchlight import searchlight


def __getattr__(name: str) -> object:
    # Importing neurodecode costs nothing; what is asked for is imported then.
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'neurodecode' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
