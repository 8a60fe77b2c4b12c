"""What a person should know about files that are to be brought back: pure."""

from collections.abc import Iterator
from itertools import islice

from schoolkeeper.catalogue.recover.files.facts import FilesFacts, FilesOptions
from schoolkeeper.kernel.finding import Level

# (suffix, level, says, subject, hint)
Verdict = tuple[str, Level, str, str, str]
# One finding per file up to here: nobody reads ten thousand.
SHOWN = 100


def verdicts(facts: FilesFacts, options: FilesOptions) -> Iterator[Verdict]:
    yield from objections(facts, options)
    if facts.wanted:
        for path in facts.unmatched:
            yield "no_match", Level.WARNING, f"The set {facts.set} has nothing of the name {path}.", path, _LIST
    yield from islice(_blocked(facts), SHOWN)
    if not options.overwrite:
        yield from islice(_newer(facts), SHOWN)
    same = sum(one.state == "same" for one in facts.wanted)
    if same:
        says = f"{same:,} of {len(facts.wanted):,} files in {facts.target} are as they were saved."
        yield "as_saved", Level.INFO, says, "", "Nothing needs to be done about these."


_LIST = "Look at the spelling: paths are relative to the folder, * stands for any text in a name."


def objections(facts: FilesFacts, options: FilesOptions) -> Iterator[Verdict]:
    """Why nothing is brought back at all."""
    if not facts.set:
        which = f"no set {facts.asked_for}" if facts.asked_for else "no set"
        yield (
            "no_set",
            Level.ERROR,
            f"There is {which} in the store.",
            facts.asked_for,
            "List the sets and name one.",
        )
    elif facts.unusable:
        says = f"The set {facts.set} cannot be used for this: {facts.unusable}."
        yield "unusable", Level.ERROR, says, facts.set, "Take another set."
    elif not any(options.paths):
        says = "No path was named, so there is nothing to look for."
        yield "no_match", Level.ERROR, says, facts.component, "Name files and folders with the option `paths`."
    elif not facts.wanted:
        says = f"The set {facts.set} has nothing of what was asked for in {facts.component}."
        yield "no_match", Level.ERROR, says, facts.component, _LIST
    if facts.wrong_place:
        says = f"Files cannot be brought to {facts.target}: {facts.wrong_place}."
        yield "wrong_place", Level.ERROR, says, facts.target, "Name an empty folder outside of the ERP's own."
    count = len(facts.to_come(options.overwrite))
    if count > options.file_limit:
        says = f"{count:,} files would come back, and the limit is {options.file_limit:,}."
        yield "too_many", Level.ERROR, says, "", "Ask for less, or raise file_limit if you mean all of them."


def _blocked(facts: FilesFacts) -> Iterator[Verdict]:
    for one in facts.wanted:
        if one.state == "blocked":
            says = f"{one.path} stays as it is: {one.blocked}."
            yield (
                "blocked",
                Level.ERROR,
                says,
                one.path,
                "Look what that is; or bring the file elsewhere with into.",
            )


def _newer(facts: FilesFacts) -> Iterator[Verdict]:
    for one in facts.wanted:
        if one.state == "newer" and one.live_at is not None:
            says = (
                f"{one.path} was last written {one.live_at:%Y-%m-%d %H:%M} UTC, after the saved one "
                f"({one.saved_at:%Y-%m-%d %H:%M} UTC): it stays."
            )
            hint = "If the saved one is to come in its place, say overwrite=true; the newer one is kept aside."
            yield "newer", Level.WARNING, says, one.path, hint
