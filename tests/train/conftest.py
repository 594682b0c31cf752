"""Torch is an extra: without it nothing here can be imported."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
