"""The two releases of the program: which code each one runs and how far its schema goes.

Release 1.1 adds the excuses page with its table, `section.places` and `fee_balance.overdue_amount`.
The code of a release touches only its own schema. `migrate` alone knows all releases, because going
down needs the reverse steps of the newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """`migrations` names the last migration of each app whose schema differs by release ("zero": none)."""

    version: str
    features: frozenset[str] = frozenset()
    apps: tuple[str, ...] = ()
    migrations: Mapping[str, str] = field(default_factory=dict)


RELEASES: Mapping[str, Release] = {
    release.version: release
    for release in (
        Release(
            version="1.0",
            migrations={"academics": "0003_grading", "finance": "0002_balances", "excuses": "zero"},
        ),
        Release(
            version="1.1",
            features=frozenset({"places", "overdue", "excuses"}),
            apps=("smart_erp.excuses",),
            migrations={"academics": "0004_places", "finance": "0003_overdue", "excuses": "0001_initial"},
        ),
    )
}
NEWEST = list(RELEASES)[-1]
