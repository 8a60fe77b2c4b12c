"""Reading the parts of a set back."""

from io import BytesIO
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from schoolkeeper.catalogue.backup.drill.facts import Fault
from schoolkeeper.connectors.store.envelope import Writable, unseal
from schoolkeeper.connectors.store.errors import CannotOpen, Damaged
from schoolkeeper.connectors.store.look import StoreLook
from schoolkeeper.connectors.store.manifest import Part
from schoolkeeper.kernel.canonical import digest

ModelT = TypeVar("ModelT", bound=BaseModel)


class Unusable(Exception):
    """A part cannot be read back; `fault` says which and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.found)
        self.fault = fault


def pour(store: StoreLook, set_id: str, part: Part, sink: Writable) -> None:
    """Decrypt and decompress a part into `sink`. Raises Unusable, and Unreachable without a key."""
    identity = store.identity()
    try:
        with store.open(set_id, part.name) as file:
            unseal(file, sink, identity, part.sha256)
    except FileNotFoundError:
        raise Unusable(Fault(code="damaged_part", subject=part.name, found="it is not there")) from None
    except Damaged as error:
        raise Unusable(Fault(code="damaged_part", subject=part.name, found=str(error))) from error
    except CannotOpen as error:
        raise Unusable(Fault(code="cannot_open", subject=part.name, found=str(error))) from error


def read(store: StoreLook, set_id: str, part: Part, wanted_digest: str, model: type[ModelT]) -> ModelT:
    """A contents list. Raises Unusable also when it is not the one that the manifest speaks of."""
    text = BytesIO()
    pour(store, set_id, part, text)
    try:
        contents = model.model_validate_json(text.getvalue())
    except ValidationError as error:
        raise Unusable(Fault(code="damaged_part", subject=part.name, found="it cannot be understood")) from error
    if digest(contents) != wanted_digest:
        raise Unusable(Fault(code="damaged_part", subject=part.name, found="it is not the manifest's"))
    return contents
