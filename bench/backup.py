"""How fast and how small are backups, how fast is a drill, and what do users feel of it, beside the usual tools?

    python -m bench.backup [--size medium] [--repeat 3] [--school FOLDER]

Fills the reference ERP (medium: 3,000 students, large: 30,000). Each round takes a first backup into empty stores
with `backup.create`, with pg_dump and restic, and with pgBackRest; lives a school day; takes a second one of each;
then drills our set, beside pg_restore alone: with the settings of a drill's server and nothing to decompress, and
as it is when nobody chose otherwise. The order changes from round to round. Medians, least and most are
printed, and the ratios with their aims. Times of `backup.create` include reading back all that was written.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench._backup.bare import LEAST, USUAL, restore_bare
from bench._backup.contenders import OURS, PGBACKREST, RESTIC, Contender, Ours, PgBackRest, Restic, stored_bytes
from bench._backup.felt import answers, percentiles, serving
from bench._backup.school import School, live_a_day, opened

from schoolkeeper.testing.folders import temporary_folder

Numbers = dict[str, float]
COMPARED = ("prepare", "restore", "compare")
QUIET = "before and after"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", choices=["small", "medium", "large"], default="medium")
    arguments.add_argument("--repeat", type=int, default=3)
    arguments.add_argument("--school", type=Path, help="a folder that keeps filled schools for the next time")
    arguments.add_argument("--seconds", type=float, default=30, help="how long users work, before and meanwhile")
    arguments.add_argument("--limit", type=int, default=20, help="MB a second of backups that hold back")
    given = arguments.parse_args()
    with (
        temporary_folder("schoolkeeper-bench-") as folder,
        opened(folder, given.size, given.school) as school,
    ):
        ours = Ours(folder, school)
        contenders = {OURS: ours, RESTIC: Restic(folder, school), PGBACKREST: PgBackRest(folder, school)}
        rounds = [measure(folder, school, ours, contenders, number) for number in range(given.repeat)]
        report({name: [one[name] for one in rounds] for name in rounds[0]})
        feel(school, ours, given.seconds, given.limit)


def timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def measure(folder: Path, school: School, ours: Ours, contenders: dict[str, Contender], number: int) -> Numbers:
    names = list(contenders)
    order = [*names[number % len(names) :], *names[: number % len(names)]]
    for contender in contenders.values():
        contender.begin()
    numbers = back_up(school, contenders, order, "first")
    live_a_day(school, number + 1)
    numbers |= back_up(school, contenders, order[::-1], "second")
    if number % 2:
        return numbers | drill(ours) | restore(folder, school)
    return restore(folder, school) | numbers | drill(ours)


def back_up(school: School, contenders: dict[str, Contender], order: list[str], which: str) -> Numbers:
    numbers: Numbers = {}
    for name in order:
        school.settle()
        before = stored_bytes(contenders[name])
        numbers[f"{which}, {name}, s"] = timed(contenders[name].back_up)
        numbers[f"{which}, {name}, MB"] = (stored_bytes(contenders[name]) - before) / 1e6
    return numbers


def drill(ours: Ours) -> Numbers:
    return {f"drill, {phase.name}": phase.seconds for phase in ours.drill().phases}


def restore(folder: Path, school: School) -> Numbers:
    return {bare.name: restore_bare(folder, school, bare) for bare in (LEAST, USUAL)}


def report(numbers: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(values) for name, values in numbers.items()}
    for name, values in sorted(numbers.items()):
        print(f"{name:36} {middle[name]:9.2f}   ({min(values):.2f} to {max(values):.2f})")
    print()
    for which in ("first", "second"):
        for other in (RESTIC, PGBACKREST):
            for unit, what in (("s", "the time"), ("MB", "the bytes")):
                ratio = middle[f"{which}, {OURS}, {unit}"] / middle[f"{which}, {other}, {unit}"]
                aim = " (aim: 1.00 or less)" if (which, other) == ("second", RESTIC) else ""
                print(f"{which} backup: {ratio:.2f} times {what} of {other}{aim}")
    compared = sum(middle[f"drill, {name}"] for name in COMPARED)
    for bare, aim in ((LEAST, " (aim: 1.20 or less)"), (USUAL, "")):
        print(f"drill: {' + '.join(COMPARED)} {compared / middle[bare.name]:.2f} times {bare.name}{aim}")
    print(f"drill: starting the ERP and walking through it takes {middle['drill, start']:.1f} s more")


def feel(school: School, ours: Ours, seconds: float, limit: int) -> None:
    """The store has sets already, so that these are backups as on every day. Quiet times before and after count
    together, because a machine is not equally busy all the time."""
    times: list[tuple[str, Callable[[], object] | None]] = [
        (QUIET, None),
        ("during backups", ours.back_up),
        (f"during backups of {limit} MB/s", lambda: ours.back_up(limit)),
        (QUIET, None),
    ]
    milliseconds: dict[str, list[float]] = {}
    with serving(school) as url:
        answers(school, url, 5)  # what is only slow at the first time
        for name, meanwhile in times:
            milliseconds.setdefault(name, []).extend(answers(school, url, seconds, meanwhile))
    felt = {name: percentiles(values) for name, values in milliseconds.items()}
    for name, cuts in felt.items():
        shown = ", ".join(f"p{percent} {cut:.0f}" for percent, cut in cuts.items())
        ratio = "" if name == QUIET else f": p99 {cuts[99] / felt[QUIET][99]:.2f} times (aim: 1.20 or less)"
        print(f"answers of the ERP {name}, ms: {shown}{ratio}")


if __name__ == "__main__":
    main()
