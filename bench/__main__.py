"""Every measurement, one after the other: `make bench`, or `make bench ARGS=engine` for one of them."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main() -> None:
    chosen = sys.argv[1:] or NAMES
    if unknown := set(chosen) - set(NAMES):
        sys.exit(f"There is no measurement {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}.")
    for name in chosen:
        sys.argv = [str(HERE / f"{name}.py")]
        runpy.run_path(sys.argv[0], run_name="__main__")


main()
