"""Pictures of pages in light, dark and at 390 px: `python tests/controlroom/pictures.py FOLDER [--empty] [NAME…]`.

Run from the project's folder with PYTHONPATH=src:. ; needs Chromium.
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser

from schoolkeeper.catalogue.builtin import BUILTIN
from schoolkeeper.connectors.postgres.binaries import find
from schoolkeeper.connectors.postgres.cluster import SCRATCH_SETTINGS, Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from schoolkeeper.testing.folders import temporary_folder
from tests.controlroom.browser import NARROW, WIDE, chromium, sign_in
from tests.controlroom.serving import served

PAGES = {
    "overview": "/",
    "system": "/systems/lakeside-school/",
    "system-on-hold": "/systems/technical-institute/",
    "programme": "/programme/",
    "programme-today": "/systems/lakeside-school/programme/",
    "programme-week": "/systems/lakeside-school/programme/?view=week",
    "programme-month": "/systems/lakeside-school/programme/?view=month",
    "programme-month-list": "/systems/lakeside-school/programme/?view=month&as=list",
    "programme-year": "/systems/lakeside-school/programme/?view=year",
    "programme-year-list": "/systems/lakeside-school/programme/?view=year&as=list",
    "entry": "/systems/lakeside-school/programme/backup.create/",
    "entry-moves": "/systems/lakeside-school/programme/backup.create/",
    "entry-paused": "/systems/technical-institute/programme/backup.drill/",
    "occurrence-missed": "/systems/lakeside-school/programme/",
    "occurrence-done": "/systems/north-college/programme/",
    "duty-to-sign": "/systems/lakeside-school/programme/",
    "duty-signed": "/systems/north-college/programme/",
    "windows": "/windows/",
    "quietest": "/systems/north-college/quietest/",
    "quietest-unknown": "/systems/music-academy/quietest/",
    "calendar": "/calendar/?institution=Lakeside School",
    "calendar-nobodys": "/calendar/?institution=Music Academy",
    "calendar-add": "/calendar/sources/add/",
    "event-add": "/calendar/events/add/",
    "event-change": "/calendar/?institution=Lakeside School",
    "series-begin": "/windows/series/begin/",
    "freeze-declare": "/freezes/declare/?system=lakeside-school",
    "window-plan": "/windows/plan/",
    "override-ask": "/overrides/ask/",
    "approvals": "/approvals/",
    "delegate": "/approvals/deputies/name/",
    "ask": "/systems/north-college/run/health.web/",
    "findings": "/findings/",
    "silence": "/findings/",
    "runs": "/runs/",
    "run-live": "/runs/?state=running",
    "run-waiting": "/runs/?state=waiting",
    "run-ended": "/runs/?outcome=failed",
    "backups": "/backups/",
    "system-backups": "/systems/north-college/backups/?removed=yes",
    "system-backups-slow": "/systems/lakeside-school/backups/",
    "backup-set": "/systems/north-college/backups/",
    "recovery-trend": "/systems/north-college/backups/trend/",
    "recovery-trend-slow": "/systems/lakeside-school/backups/trend/",
    "drill-live": "/runs/?task=backup.drill&state=running",
    "drill-holds": "/runs/?task=backup.drill&system=north-college",
    "drill-fails": "/runs/?task=backup.drill&system=technical-institute",
    "recover-empty": "/recover/",
    "recover": "/recover/?system=north-college",
    "catalogue": "/tasks/",
    "task": "/tasks/health.web/",
    "ledger": "/ledger/",
    "coverage": "/coverage/",
    "users": "/auth/user/",
}
_RECOVERIES = [task for task in BUILTIN if task.spec.id.startswith("recover.")]
RECOVERIES = [task.spec.id for task in _RECOVERIES]
FROM_A_SET = [task.spec.id for task in _RECOVERIES if "set" in task.options.model_fields]
PAGES |= {f"choose-{one}": f"/systems/north-college/recover/{one}/" for one in FROM_A_SET}
PAGES |= {f"ask-{one}": f"/systems/north-college/recover/{one}/" for one in RECOVERIES}
_FIRST_RUN = "td a"
FOLLOW = {
    "silence": "text=Silence…",
    "event-change": "a[aria-label^='Change ']",
    "entry-moves": "button[value=usual]",
    "occurrence-missed": ".sk-edge-bad .sk-lines a",
    "occurrence-done": "td a[href*='/occurrences/']",
    "duty-to-sign": ".sk-edge-warn .sk-lines a",
    "duty-signed": "td a:text('System audit')",
    **dict.fromkeys(
        ("run-live", "run-waiting", "run-ended", "drill-live", "drill-holds", "drill-fails"), _FIRST_RUN
    ),
    "backup-set": "td a[href*='/sets/']",
    **dict.fromkeys([f"ask-{one}" for one in FROM_A_SET], "a[href*='/ask/']"),
}


def take(browser: Browser, address: str, folder: Path, names: list[str]) -> None:
    for look in ("light", "dark", "narrow"):
        scheme = "dark" if look == "dark" else "light"
        context = browser.new_context(viewport=NARROW if look == "narrow" else WIDE, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{address}/login/")
        page.screenshot(path=folder / f"sign-in-{look}.png")
        sign_in(page, address, "administrator")
        for name in names:
            page.goto(f"{address}{PAGES[name]}")
            if name in FOLLOW:
                page.locator(FOLLOW[name]).first.click()
                page.wait_for_load_state()
            page.wait_for_timeout(300)
            page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)
        context.close()


def main(folder: Path, *, empty: bool, only: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (
        temporary_folder("schoolkeeper-pictures-") as home,
        Cluster(home / "postgres", find(16), settings=SCRATCH_SETTINGS) as server,
    ):
        with server.connect() as connection:
            create_database(connection, "pictures")
        names = (
            [
                "overview",
                "programme",
                "windows",
                "calendar",
                "approvals",
                "findings",
                "runs",
                "backups",
                "recover-empty",
                "ledger",
            ]
            if empty
            else only or list(PAGES)
        )
        with served(server.dsn("pictures"), home, filled=not empty) as address, chromium() as browser:
            take(browser, address, folder, names)


if __name__ == "__main__":
    given = [one for one in sys.argv[2:] if not one.startswith("--")]
    main(Path(sys.argv[1]), empty="--empty" in sys.argv, only=given)
