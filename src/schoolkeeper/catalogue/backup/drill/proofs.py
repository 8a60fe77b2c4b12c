"""The proofs that lie in a store, and which of them count."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from schoolkeeper.catalogue.backup.drill.facts import Proof
from schoolkeeper.connectors.store.look import StoredSet, StoreLook


@dataclass(frozen=True, slots=True)
class Proofs:
    """`counting` are those of each set as it is now, by set and run; `damaged` are unreadable records."""

    counting: dict[str, dict[str, Proof]] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)

    def of(self, set_id: str, run: str) -> Proof | None:
        return self.counting.get(set_id, {}).get(run)

    def newest_that_holds(self) -> Proof | None:
        holding = (one for proofs in self.counting.values() for one in proofs.values() if one.holds)
        return max(holding, key=lambda one: one.concluded_at, default=None)


def read_proofs(store: StoreLook, sets: Sequence[StoredSet]) -> Proofs:
    """All proofs of these sets. One that was made of another manifest says nothing about the set there is now.

    Nor does any of a set without a sound manifest, or of one that is not signed although sets were signed by then:
    it may be of whoever wrote the set.
    """
    found = Proofs()
    for one in sets:
        counting = found.counting.setdefault(one.id, {})
        if one.manifest is None or store.is_suspect(one):
            continue
        manifest_sha256 = store.manifest_sha256(one.id)
        for run, text in store.proofs(one.id).items():
            try:
                proof = Proof.model_validate_json(text)
            except ValidationError:
                found.damaged.append(f"{one.id}/{run}")
                continue
            if (proof.set, proof.manifest_sha256) == (one.id, manifest_sha256):
                counting[run] = proof
    return found


def proof_of(store: StoreLook, set_id: str, run: str) -> Proof | None:
    """The proof that one run has made of the set as it is now."""
    chosen = [one for one in store.sets() if one.id == set_id]
    return read_proofs(store, chosen).of(set_id, run)
