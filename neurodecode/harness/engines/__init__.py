"""Engines: where tasks run. Every engine gives the same tables, bit for bit."""

from neurodecode.harness.engines.inline import run_inline
from neurodecode.harness.engines.joblib import run_joblib

ENGINES = {"inline": run_inline, "joblib": run_joblib}
