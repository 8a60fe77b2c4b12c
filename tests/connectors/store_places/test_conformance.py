"""What a store relies on, the same for every kind of place."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from schoolkeeper.connectors.store.places.place import Place
from tests.connectors.store_places.conftest import Remake

UNICODE = ("Ünïcode/Журнал 2026.json", "学校/成績", "a b/c+d&e=f#g%20h?i*j~{k}'l", "emoji-🎓", ".hidden/.x")
HOSTILE = (
    "",
    ".",
    "..",
    "/",
    "/etc/passwd",
    "../outside",
    "a/../../outside",
    "a//b",
    "a/",
    "a/.",
    "a\0b",
    "a\nb",
    "left.tmp",
    "a/left.tmp",
    "x" * 201,
    "/".join(["y" * 100] * 8),
    "\udc80",
)


def names(place: Place, prefix: str = "") -> list[str]:
    return [listed.name for listed in place.list(prefix)]


def test_an_object_comes_back_as_it_was_put(place: Place) -> None:
    place.put("sets/one/manifest.json", b"\0\xff content")
    assert place.get("sets/one/manifest.json") == b"\0\xff content"
    assert place.size_bytes("sets/one/manifest.json") == 10


def test_putting_again_replaces(place: Place) -> None:
    place.put("a/b", b"first, and longer")
    place.put("a/b", b"second")
    assert place.get("a/b") == b"second"
    assert [(listed.name, listed.size_bytes) for listed in place.list()] == [("a/b", 6)]


@pytest.mark.parametrize("size_bytes", [0, 1, 40_000_000])
def test_sizes(place: Place, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    place.put("packs/ab/abcdef", data)
    assert place.get("packs/ab/abcdef") == data
    assert place.size_bytes("packs/ab/abcdef") == size_bytes


def test_an_empty_place_lists_nothing(place: Place) -> None:
    assert names(place) == []
    assert names(place, "packs/") == []


def test_lists_by_prefix_in_order_of_names(place: Place) -> None:
    kept = ["a-b", "a/b", "a/c/d", "a.b/c", "ab/c", "b", "Z"]
    for name in kept:
        place.put(name, name.encode())
    assert names(place) == sorted(kept)
    assert names(place, "a") == ["a-b", "a.b/c", "a/b", "a/c/d", "ab/c"]
    assert names(place, "a/c") == ["a/c/d"]
    assert names(place, "a/c/") == ["a/c/d"]
    assert names(place, "nothing/") == []


def test_lists_more_than_a_page(place: Place) -> None:
    kept = [f"packs/{number % 16:02x}/{number:05d}" for number in range(1100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: place.put(name, b"x"), kept))
    assert names(place) == sorted(kept)
    assert names(place, "packs/0a/") == sorted(name for name in kept if name.startswith("packs/0a/"))


def test_a_listing_tells_size_and_time(place: Place) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    place.put("a", b"12345")
    (listed,) = place.list()
    assert listed.size_bytes == 5
    assert before <= listed.modified_at <= datetime.now(UTC) + timedelta(seconds=2)


def test_what_is_absent(place: Place) -> None:
    place.put("a/b", b"1")
    for name in ("nothing", "nothing/below", "a/b/c", "a"):
        with pytest.raises(FileNotFoundError):
            place.get(name)
        assert place.size_bytes(name) is None
        assert place.locked_until(name) is None
    # Above and below an object nothing is deleted here: rclone keeps objects as files and answers 500 above one,
    # and below one takes that object itself away.
    for name in ("nothing", "nothing/below"):
        place.delete(name)
    assert names(place) == ["a/b"]


def test_deleting(place: Place) -> None:
    for name in ("a/b/1", "a/b/2", "c"):
        place.put(name, b"1")
    place.delete("a/b/1")
    place.delete("a/b/1")
    assert names(place) == ["a/b/2", "c"]
    place.delete("a/b/2")
    assert names(place) == ["c"]
    place.put("a/b/1", b"again")
    assert place.get("a/b/1") == b"again"


@pytest.mark.parametrize("name", UNICODE)
def test_names_of_all_scripts_and_signs(place: Place, name: str) -> None:
    place.put(name, name.encode())
    assert place.get(name) == name.encode()
    assert names(place) == [name]
    assert names(place, name[:-1]) == [name]
    place.delete(name)
    assert names(place) == []


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:12]))
def test_names_that_lead_elsewhere_are_refused(place: Place, name: str) -> None:
    for refused in (
        lambda: place.put(name, b"1"),
        lambda: place.get(name),
        lambda: place.size_bytes(name),
        lambda: place.delete(name),
        lambda: place.locked_until(name),
    ):
        with pytest.raises(ValueError, match="is no name of an object"):
            refused()
    assert names(place) == []


@pytest.mark.parametrize("prefix", ["../", "/", "/etc/", "a/../", "a//"])
def test_prefixes_that_lead_elsewhere_are_refused(place: Place, prefix: str) -> None:
    with pytest.raises(ValueError, match="is no name of an object"):
        list(place.list(prefix))


def test_many_threads_put_at_once(place: Place) -> None:
    data = {f"packs/{number % 3}/{number}": os.urandom(300_000) for number in range(48)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: place.put(name, data[name]), data))
    with ThreadPoolExecutor(8) as pool:
        assert dict(zip(data, pool.map(place.get, data), strict=True)) == data


def test_many_threads_put_one_object(place: Place) -> None:
    contents = [bytes([number]) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: place.put("same", content), contents))
    assert place.get("same") in contents
    assert names(place) == ["same"]


def test_putting_beside_deleting(place: Place) -> None:
    """A sub-folder that one thread empties is not taken from under another thread that fills it."""
    start = threading.Barrier(8)

    def churn(number: int) -> None:
        start.wait()
        for _ in range(15):
            place.put(f"shared/deep/{number}", b"x")
            place.delete(f"shared/deep/{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(churn, range(8)))
    assert names(place) == []


def test_others_see_it_and_closing_can_be_repeated(place: Place, remake: Remake) -> None:
    place.put("a", b"1")
    other = remake()
    other.open()
    assert other.get("a") == b"1"
    other.close()
    other.close()
    assert other.get("a") == b"1"
    other.close()


def test_says_where_it_is_without_secrets(place: Place) -> None:
    assert place.where.startswith(("/", "s3://backups/school/", "sftp://"))
    shown = repr(place) + str(vars(place)) + place.where
    assert "not-a-secret" not in shown
    assert "PRIVATE KEY" not in shown


def test_free_space(place: Place) -> None:
    free_bytes = place.free_bytes()
    assert free_bytes is None if place.where.startswith("s3://") else free_bytes is not None and free_bytes > 0
