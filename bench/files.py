"""How much memory do folders of very many files take, against restic on the same tree, in one run?

    python bench/files.py [--files 400000]

Makes a tree as Moodle's (4,096 folders, names that are digests, small files), backs it up twice with a few
changes in between, verifies the store and drills the set; restic backs the same tree up twice and checks it. Each
runs in a process of its own, of which the kernel tells the peak. The same is done with half of the files: the
difference is what further files take, without what is taken anyway (programs, buffers, packs under way).
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

OURS = {
    "backup.create, first": "first",
    "backup.create, second": "second",
    "backup.verify": "verify",
    "backup.drill": "drill",
}
RESTIC = ("restic backup, first", "restic backup, second", "restic check")
ORDER = ("backup.create, first", RESTIC[0], "backup.create, second", RESTIC[1], *tuple(OURS)[2:], RESTIC[2])
COUNTERPARTS = {"backup.create, first": RESTIC[0], "backup.create, second": RESTIC[1], "backup.verify": RESTIC[2]}
AIM_BYTES = 700
SMALL_BYTES = 60
# By a process of its own, because one begins with the peak of the process that started it.
PHASE = (sys.executable, str(Path(__file__).with_name("_files.py")))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=400_000)
    given = arguments.parse_args()
    half = measured(given.files // 2)
    report(given.files, measured(given.files), half)


def measured(files: int) -> dict[str, tuple[float, float]]:
    """Peak in bytes and seconds of everything, on a tree of that many files."""
    folder = Path(tempfile.mkdtemp(prefix="bench-files-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
    try:
        run([*PHASE, "grow", str(folder), str(files), str(SMALL_BYTES)], folder)
        found = {}
        for number, phase in enumerate(ORDER):
            if number == 2:
                run([*PHASE, "alter", str(folder)], folder)
            found[phase] = run(command(phase, folder), folder)
        return found
    finally:
        shutil.rmtree(folder)


def command(phase: str, folder: Path) -> Sequence[str]:
    if phase in OURS:
        return [*PHASE, OURS[phase], str(folder)]
    restic = ["restic", "--quiet", "--repo", str(folder / "restic"), "--no-cache"]
    if phase == RESTIC[0]:
        run([*restic, "init"], folder)
    return [*restic, "check"] if phase == RESTIC[2] else [*restic, "backup", str(folder / "uploads")]


def run(argv: Sequence[str], folder: Path) -> tuple[float, float]:
    """The peak of a program in bytes, and how many seconds it took."""
    environment = {**os.environ, "RESTIC_PASSWORD": "bench", "TMPDIR": str(folder)}
    started = time.monotonic()
    _, status, used = os.wait4(os.posix_spawnp(argv[0], list(argv), environment), 0)
    if code := os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(argv)} ended with {code}")
    return used.ru_maxrss * 1024, time.monotonic() - started


def report(files: int, many: dict[str, tuple[float, float]], half: dict[str, tuple[float, float]]) -> None:
    per_file = {phase: (many[phase][0] - half[phase][0]) / (files / 2) for phase in many}
    print(f"{files:,} files of {SMALL_BYTES} bytes, against {files // 2:,}")
    for phase in (*OURS, *RESTIC):
        peak, seconds = many[phase]
        aim = f" (aim: less than {AIM_BYTES})" if phase in OURS else ""
        print(
            f"{phase:22} {peak / 1e6:5.0f} MB, with half of them {half[phase][0] / 1e6:4.0f} MB; "
            f"{per_file[phase]:5.0f} bytes for each further file{aim}; {seconds:.1f} s"
        )
    for ours, theirs in COUNTERPARTS.items():
        peaks, times = many[ours][0] / many[theirs][0], many[ours][1] / many[theirs][1]
        print(f"{ours} takes {peaks:.2f} times the memory of {theirs}, and {times:.2f} times as long")


if __name__ == "__main__":
    main()
