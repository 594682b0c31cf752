import sys
from pathlib import Path

# What these tests share, and what they share with those of the harness.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "harness")]
