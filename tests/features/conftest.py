import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # counted_feature: what these tests share
