import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parent))  # side_by_side: what these tests share


@pytest.fixture(autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield
