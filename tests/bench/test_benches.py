import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_bench_still_fits_what_it_measures() -> None:
    """The quick one that reaches deepest: it broke unnoticed when steps began to look at their facts."""
    command = [sys.executable, "-m", "bench.engine", "--steps", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "times" in done.stdout
