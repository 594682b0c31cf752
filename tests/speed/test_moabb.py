"""Time and memory of a within-session evaluation beside MOABB's own; a report, no promise."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def test_beside_moabb(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(HERE))
    import moabb_work

    moabb_work.write(tmp_path)
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.fif")) / 2**20
    told = {}
    for name, side in (("moabb", "moabb"), ("first", "harness"), ("again", "harness")):
        code = f"import moabb_work; moabb_work.main({side!r}, {str(tmp_path)!r})"
        own = {
            "MNE_DATA": str(tmp_path),
            "MNE_RESULTS": str(tmp_path),
            "_MNE_FAKE_HOME_DIR": str(tmp_path),
            "NEURODECODE_CACHE": str(tmp_path / "cache"),
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parents[1])]),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=os.environ | own, capture_output=True, text=True, check=True,
        )  # fmt: skip
        told[name] = json.loads(done.stdout.strip().splitlines()[-1])
    with capsys.disabled():
        print(f"\nwithin-session, 2 subjects of BNCI2014_001's shape, {size:.0f} MB of FIF:")
        for name, one in told.items():
            print(
                f"  {name:6} {one['seconds']:6.1f} s, peak {one['peak_mb']:5.0f} MB, largest child "
                f"{one['worker_mb']:5.0f} MB, mean AUC {one['score']:.6f}"
            )
    # What is timed must be the same work; MOABB's file keeps scores in single precision.
    assert abs(told["moabb"]["score"] - told["first"]["score"]) < 1e-6
