"""Whether a database belongs to another system that the same store keeps sets of."""

from pydantic import ValidationError

from schoolkeeper.connectors.store.component import StoreComponent
from schoolkeeper.connectors.store.look import SETS
from schoolkeeper.connectors.store.manifest import MANIFEST, Manifest
from schoolkeeper.connectors.store.places.address import place_of
from schoolkeeper.connectors.system import System

Identity = tuple[str | None, str]


def shared_with(system: System, store: str, here: Identity, source: str) -> list[str]:
    """The systems whose newest set was taken from this very database; `source` and we ourselves are none."""
    component = system.components.get(store)
    if here[0] is None or not isinstance(component, StoreComponent):
        return []
    place = place_of(store, component)
    place.open()
    try:
        newest: dict[str, str] = {}
        for one in place.list(""):
            slug, _, rest = one.name.partition("/")
            if slug not in (system.slug, source) and rest.startswith(SETS) and rest.endswith(f"/{MANIFEST}"):
                newest[slug] = max(one.name, newest.get(slug, ""))
        return sorted(slug for slug, name in newest.items() if _identity(place.get(name)) == here)
    finally:
        place.close()


def _identity(text: bytes) -> Identity:
    try:
        source = Manifest.model_validate_json(text).database.source
    except ValidationError:
        return None, ""
    return source.system_identifier, source.database
