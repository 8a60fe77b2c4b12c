"""A set without our signature gives nothing to the sets that we take after it."""

import hashlib
import io
import shutil
from pathlib import Path

from schoolkeeper.catalogue.backup.create.sealing import set_id_of
from schoolkeeper.catalogue.backup.create.task import Create
from schoolkeeper.catalogue.backup.test_arrange import (
    carry_out,
    findings,
    later,
    manifest_of,
    read_list,
    reseal_list,
    rewrite_manifest,
)
from schoolkeeper.catalogue.recover.system.test_sqlite import PROFILE, FileSchool, on, school
from schoolkeeper.connectors.store.manifest import Index, Manifest
from schoolkeeper.connectors.store.writing import NOTHING_KNOWN, ChunkWriter
from schoolkeeper.kernel.finding import Level
from schoolkeeper.ledger.keys import KeySigner, generate

__all__ = ["school"]


def test_nothing_of_a_set_that_we_did_not_sign_gets_into_ours(school: FileSchool) -> None:
    """Whoever broke into the web server knows what a file looks like there, and may write to the store as well."""
    generate(school.folder / "key")
    signer = KeySigner(school.folder / "key")

    def signed(key: str, hours: int) -> Manifest:
        subject = later(school.subject(Create(), PROFILE), key, hours=hours)
        subject.signer = signer
        carry_out(subject)
        return manifest_of(school, set_id_of(subject.context()))

    first = signed("first", 0)
    forge(school, first, f"{school.uploads}/photos/1.jpg", b"what somebody wants to be there")
    second = signed("second", 2)
    index = Index.model_validate_json(read_list(school, second.set, "files-uploads.index"))
    found = {one.path: one.sha256 for one in index.files}
    assert found["photos/1.jpg"] == hashlib.sha256(b"one").hexdigest()
    subject = on(school, unproven=False)
    subject.signer = signer
    forge(school, second, f"{school.uploads}/photos/1.jpg", b"what somebody wants to be there")
    (says,) = (one.says for one in findings(subject, subject.assess(), Level.ERROR) if one.subject == "proof")
    assert "somebody else may have written it" in says


def forge(school: FileSchool, like: Manifest, path: str, content: bytes) -> None:
    """A newer set, without a signature, in which a file has other content and looks like the one there is."""
    name = f"{like.set[:9]}{int(like.set[9:11]) + 1:02}{like.set[11:]}"
    shutil.copytree(school.sets / "sets" / like.set, school.sets / "sets" / name)
    Path(school.path(name, "manifest.json.sig")).unlink()

    def put(name: str, data: bytes) -> None:
        (school.sets / name).write_bytes(data)

    with ChunkWriter(put, f"packs/{name}.files-uploads.", like.recipients, NOTHING_KNOWN) as writer:
        written = writer.add(io.BytesIO(content))
        packs, used = writer.finish()
    status = Path(path).stat()
    update = {"sha256": written.sha256, "size_bytes": status.st_size, "inode": status.st_ino}
    stamp = {"mtime_ns": status.st_mtime_ns, "ctime_ns": status.st_ctime_ns}
    index = Index.model_validate_json(read_list(school, like.set, "files-uploads.index"))
    files = [one.model_copy(update={**update, **stamp}) if path.endswith(one.path) else one for one in index.files]
    part = like.files[0].model_copy(update={"packs": packs})
    parts = like.model_copy(update={"set": name, "files": [part]}).model_dump_json()
    forged = parts.replace(f"sets/{like.set}/", f"sets/{name}/")
    rewrite_manifest(school, Manifest.model_validate_json(forged))
    text = index.model_copy(update={"files": files, "packs": used}).model_dump_json()
    reseal_list(school, name, "files-uploads.index", text.encode())
