"""A place that is a bucket of Amazon S3, or of a server that speaks the same protocol (MinIO, Ceph, Garage …)."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from schoolkeeper.connectors.store.places.names import checked, folder_of, is_name
from schoolkeeper.connectors.store.places.place import Listed
from schoolkeeper.connectors.store.places.s3_client import client
from schoolkeeper.connectors.store.places.s3_faults import Fault, fault_of
from schoolkeeper.connectors.store.places.s3_lock import lock_of
from schoolkeeper.kernel.errors import Permanent, SchoolkeeperError, Temporary, Unreachable

Result = TypeVar("Result")
# What is larger goes up in parts. Below, one request is all or nothing and leaves no parts behind that cost
# money unseen.
WHOLE_BYTES = 64 * 2**20
PART_BYTES = 16 * 2**20
PARTS_AT_ONCE = 2  # the store itself puts several objects at a time


class S3Place:
    """Objects are S3 objects below a prefix. The bucket is never made by us.

    `endpoint` is None for Amazon's own servers (the bucket is then a part of the host's name), else the address
    of the server. Plain HTTP is spoken when the endpoint says so: whoever builds a place from a definition has
    checked that it may. An interrupted upload in parts stays invisible; a rule on the bucket should clear away
    such parts. `patience_seconds` limits for how long a request is repeated after faults that may pass.
    """

    def __init__(
        self,
        name: str,
        bucket: str,
        prefix: str,
        endpoint: str | None,
        region: str,
        access_key: str,
        secret_key: str,
        patience_seconds: float = 120.0,
    ) -> None:
        self.name = name
        self.where = f"s3://{bucket}/{prefix}".rstrip("/")
        self._client: Callable[[], S3Store] = lambda: client(
            bucket, prefix, endpoint, region, (access_key, secret_key), timedelta(seconds=patience_seconds)
        )
        self._kept: S3Store | None = None

    @property
    def _store(self) -> S3Store:
        if self._kept is None:
            self._kept = self._client()
        return self._kept

    def open(self) -> None:
        self._read(lambda: next(iter(obstore.list(self._store, chunk_size=1)), None))

    def close(self) -> None:
        self._kept = None

    def put(self, name: str, data: bytes) -> None:
        multipart = len(data) > WHOLE_BYTES
        self._change(
            lambda: obstore.put(
                self._store,
                checked(name),
                data,
                use_multipart=multipart,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            ),
            f"{name} could not be written",
        )

    def get(self, name: str) -> bytes:
        return self._read(lambda: bytes(obstore.get(self._store, checked(name)).bytes()))

    def size_bytes(self, name: str) -> int | None:
        try:
            return self._read(lambda: obstore.head(self._store, checked(name))["size"])
        except FileNotFoundError:
            return None

    def list(self, prefix: str = "") -> Iterator[Listed]:
        folder = folder_of(prefix) or None

        def found() -> Sequence[Listed]:
            pages = obstore.list(self._store, folder, chunk_size=1000)
            return [Listed(meta["path"], meta["size"], meta["last_modified"]) for page in pages for meta in page]

        objects = (entry for entry in self._read(found) if entry.name.startswith(prefix) and is_name(entry.name))
        return iter(sorted(objects, key=lambda entry: entry.name))

    def delete(self, name: str) -> None:
        """As the protocol says. Where the bucket keeps versions (with object lock it always does), the server
        hides the object behind a mark and keeps its content: that frees no space, and no object lock stops it."""
        self._change(lambda: obstore.delete(self._store, checked(name)), f"{name} could not be deleted")

    def free_bytes(self) -> int | None:
        return None

    def locked_until(self, name: str) -> datetime | None:
        """As the protocol says; a legal hold, which has no end, is datetime.max. None also where the server does
        not know object lock or our access key may not see it."""
        url = obstore.sign(self._store, "HEAD", checked(name), timedelta(seconds=60))
        return lock_of(self.name, self.where, url, datetime.now(UTC))

    def remove_leftovers(self, older_than: timedelta) -> int:
        """Nothing to do: interrupted writing leaves no object behind, and parts are the bucket's own affair."""
        return 0

    def _read(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except FileNotFoundError as error:
            fault = fault_of(error)
            if fault.shut:
                raise self._unreachable(fault) from None
            raise FileNotFoundError(f"{self.where} has no object of this name") from None
        except BaseError as error:
            raise self._unreachable(fault_of(error)) from None

    def _change(self, work: Callable[[], object], failed: str) -> None:
        try:
            work()
        except (BaseError, FileNotFoundError) as error:
            raise self._refusal(fault_of(error), failed) from None  # the client's own text quotes requests

    def _unreachable(self, fault: Fault) -> Unreachable:
        return Unreachable(self.name, f"{self.where}: {fault.says}")

    def _refusal(self, fault: Fault, failed: str) -> SchoolkeeperError:
        if fault.shut:
            return self._unreachable(fault)
        if fault.passing:
            return Temporary(f"{self.where}: {failed}: {fault.says}.")
        return Permanent(f"{self.where} refuses: {failed}: {fault.says}.")
