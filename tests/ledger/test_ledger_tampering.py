"""A thousand random tamperings of an export: an auditor with the key and the newest head finds them all."""

import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schoolkeeper.ledger.entry import Entry
from schoolkeeper.ledger.export import lines, split
from schoolkeeper.ledger.keys import PublicKey
from schoolkeeper.ledger.verify import verify

TAMPERINGS = 1_000
SEED = 20_260_131

Tampering = Callable[[random.Random, Any], bytes]


def byte_changed(chance: random.Random, book: Any) -> bytes:
    content = bytearray(b"".join(book.lines()))
    content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def bit_flipped(chance: random.Random, book: Any) -> bytes:
    content = bytearray(b"".join(book.lines()))
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def byte_inserted(chance: random.Random, book: Any) -> bytes:
    content = bytearray(b"".join(book.lines()))
    content.insert(chance.randint(0, len(content)), chance.choice(b' \n\r\t\x000"a\xff'))
    return bytes(content)


def bytes_removed(chance: random.Random, book: Any) -> bytes:
    content = b"".join(book.lines())
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.choice([1, 1, 2, 30, 300]) :]


def truncated(chance: random.Random, book: Any) -> bytes:
    content = b"".join(book.lines())
    return content[: chance.randrange(len(content))]


def value_changed(chance: random.Random, book: Any) -> bytes:
    """Valid canonical JSON with another value; the digest stays."""
    changed = book.lines()
    place = chance.randrange(1, len(changed) - 1)
    value = json.loads(changed[place])
    fields = value["entry"]
    key = chance.choice(sorted(fields))
    if key == "data":
        fields["data"][chance.choice(["outcome", "rows", "new"])] = chance.choice([0, "failed", None, [], True])
    elif key == "sequence":
        fields["sequence"] += chance.choice([-1, 1, 5])
    elif key == "at":
        fields["at"] = fields["at"].replace("2026", "2025")
    else:
        fields[key] += "x"
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    changed[place] = text.encode() + b"\n"
    return b"".join(changed)


def respelled(chance: random.Random, book: Any) -> bytes:
    """The same JSON in another spelling."""
    changed = book.lines()
    place = chance.randrange(len(changed))
    value = json.loads(changed[place])
    spelling: dict[str, Any] = chance.choice(
        [
            {"separators": (", ", ":")},
            {"separators": (",", ": ")},
            {"separators": (",", ":"), "indent": ""},
            {"separators": (",", ":"), "sort_keys": False},
        ]
    )
    if spelling.get("sort_keys") is False:
        value = dict(reversed(value.items()))
    changed[place] = json.dumps(value, ensure_ascii=False, **spelling).encode() + b"\n"
    return b"".join(changed)


def lines_deleted(chance: random.Random, book: Any) -> bytes:
    changed = book.lines()
    start = chance.randrange(len(changed))
    del changed[start : start + chance.randint(1, 5)]
    return b"".join(changed)


def lines_swapped(chance: random.Random, book: Any) -> bytes:
    changed = book.lines()
    one, other = chance.randrange(len(changed)), chance.randrange(len(changed))
    changed[one], changed[other] = changed[other], changed[one]
    return b"".join(changed)


def lines_shuffled(chance: random.Random, book: Any) -> bytes:
    changed = book.lines()
    start = chance.randrange(len(changed))
    part = changed[start : start + 5]
    chance.shuffle(part)
    changed[start : start + 5] = part
    return b"".join(changed)


def line_duplicated(chance: random.Random, book: Any) -> bytes:
    changed = book.lines()
    changed.insert(chance.randint(0, len(changed)), chance.choice(changed))
    return b"".join(changed)


def entry_inserted(chance: random.Random, book: Any) -> bytes:
    """An entry with a fitting link and digest, before the rest as it was."""
    changed = book.lines()
    place = chance.randrange(len(book.entries))
    forged = replace(book.entries[place], actor="intruder")
    changed.insert(place + 1, replace(forged, digest=forged.true_digest()).line())
    return b"".join(changed)


def entry_forged(chance: random.Random, book: Any) -> bytes:
    """One entry replaced, its digest made to fit, the rest as it was."""
    changed = book.lines()
    place = chance.randrange(len(book.entries))
    forged = replace(book.entries[place], data={"outcome": chance.random().hex()})
    changed[place + 1] = replace(forged, digest=forged.true_digest()).line()
    return b"".join(changed)


def suffix_rechained(chance: random.Random, book: Any) -> bytes:
    """The history rewritten from some entry on, with the genuine head and header."""
    forged = book.rewritten(chance.randrange(len(book.entries)), actor="intruder")
    return b"".join(lines(forged.entries, book.head(), book.pinned))


def suffix_rechained_and_signed(chance: random.Random, book: Any) -> bytes:
    """The same, signed with another key; the header carries that key, or still the genuine one."""
    intruder = Ed25519PrivateKey.generate()
    forged = replace(book.rewritten(chance.randrange(len(book.entries)), actor="intruder"), private=intruder)
    head = forged.head()
    shown = chance.choice([book.pinned, PublicKey.of(intruder)])
    if chance.random() < 0.5:
        head = replace(head, key_id=book.pinned.key_id)
    return b"".join(lines(forged.entries, head, shown))


def tail_cut_under_an_older_head(chance: random.Random, book: Any) -> bytes:
    return b"".join(book.lines(chance.randrange(len(book.entries))))


def older_head(chance: random.Random, book: Any) -> bytes:
    return b"".join([*book.lines()[:-1], book.head(chance.randrange(len(book.entries))).line()])


def head_edited(chance: random.Random, book: Any) -> bytes:
    head = book.head()
    changes: list[dict[str, Any]] = [
        {"sequence": head.sequence + 1},
        {"digest": chance.choice(book.entries[:-1]).digest},
        {"at": book.entries[0].at},
        {"instance": "south"},
        {"key_id": "0" * 64},
        {"signature": chance.randbytes(64).hex()},
    ]
    return b"".join([*book.lines()[:-1], replace(head, **chance.choice(changes)).line()])


def header_edited(chance: random.Random, book: Any) -> bytes:
    header, *rest = book.lines()
    value = json.loads(header)
    value[chance.choice([*value, "more"])] = chance.choice([2, "", "south", PublicKey(chance.randbytes(32)).pem])
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return b"".join([text.encode() + b"\n", *rest])


def rubbish_appended(chance: random.Random, book: Any) -> bytes:
    content: bytes = b"".join(book.lines())
    rubbish: list[bytes] = [b"\n", b" ", b"\x00", book.lines()[-1], book.lines()[3], chance.randbytes(20)]
    return content + chance.choice(rubbish)


WAYS: list[Tampering] = [
    byte_changed,
    bit_flipped,
    byte_inserted,
    bytes_removed,
    truncated,
    value_changed,
    respelled,
    lines_deleted,
    lines_swapped,
    lines_shuffled,
    line_duplicated,
    entry_inserted,
    entry_forged,
    suffix_rechained,
    suffix_rechained_and_signed,
    tail_cut_under_an_older_head,
    older_head,
    head_edited,
    header_edited,
    rubbish_appended,
]


def test_all_of_a_thousand_tamperings_are_found(make_book: Callable[..., Any]) -> None:
    chance = random.Random(SEED)
    book = make_book(30)
    genuine, kept = b"".join(book.lines()), book.head()
    assert verify(split(io.BytesIO(genuine)), book.pinned, [kept]).ok
    done: Counter[str] = Counter()
    unseen: list[tuple[str, bytes]] = []
    while done.total() < TAMPERINGS:
        way = WAYS[done.total() % len(WAYS)]
        content = way(chance, book)
        if content == genuine:
            continue
        done[way.__name__] += 1
        if verify(split(io.BytesIO(content)), book.pinned, [kept]).ok:
            unseen.append((way.__name__, content))
    assert unseen == []
    assert set(done.values()) == {TAMPERINGS // len(WAYS)}


def test_any_single_byte_of_a_small_export_matters(make_book: Callable[..., Any]) -> None:
    book = make_book(1)
    genuine = b"".join(book.lines())
    for place in range(len(genuine)):
        for content in (
            genuine[:place] + bytes([genuine[place] ^ 1]) + genuine[place + 1 :],
            genuine[:place] + bytes([genuine[place] ^ 0x20]) + genuine[place + 1 :],
            genuine[:place] + genuine[place + 1 :],
            genuine[:place],
        ):
            if content != genuine:
                assert not verify(split(io.BytesIO(content)), book.pinned).ok, place


def test_every_entry_is_rechained_truly(make_book: Callable[..., Any]) -> None:
    """The forgeries above are as good as they can be: without key and anchor they pass."""
    book = make_book(8)
    forged = replace(book.rewritten(3, actor="intruder"), private=Ed25519PrivateKey.generate())
    entries: list[Entry] = forged.entries
    assert entries[3] != book.entries[3]
    assert entries[:3] == book.entries[:3]
    assert verify(forged.lines()).ok
