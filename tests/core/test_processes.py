import os
import subprocess
import sys

CODE = """
import numpy
from threadpoolctl import threadpool_info
from neurodecode.core.processes import one_thread
def threads():
    return {one["num_threads"] for one in threadpool_info()}
assert threads() == {2}, threads()
with one_thread():
    assert threads() == {1}
import scipy.linalg  # brings a BLAS of its own
with one_thread():
    assert threads() == {1}, threadpool_info()
assert threads() == {2}
"""


def test_blas_keeps_to_one_thread_also_where_it_was_loaded_later():
    two = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=os.environ | two, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
