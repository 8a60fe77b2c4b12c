"""A real browser at the real server: every page, wide and narrow, and a run whose steps appear by themselves."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from schoolkeeper.connectors.postgres.cluster import Cluster
from schoolkeeper.connectors.postgres.cluster_roles import create_database
from tests.controlroom.browser import EXECUTABLE, NARROW, WIDE, chromium, overflow, sign_in
from tests.controlroom.pictures import FOLLOW, PAGES
from tests.controlroom.serving import served

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not Path(EXECUTABLE).exists(), reason="Chromium is not installed here"
)


@pytest.fixture(scope="module")
def dsn(cluster: Cluster) -> str:
    with cluster.connect() as connection:
        create_database(connection, "browser_test")
    return cluster.dsn("browser_test")


@pytest.fixture(scope="module")
def address(dsn: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(dsn, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_says_nothing_to_the_console(
    browser: Browser, address: str, size: dict[str, int], scheme: str
) -> None:
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page, complaints = context.new_page(), list[str]()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(f"{page.url}: {message.text}")

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
    sign_in(page, address, "administrator")
    for name, place in PAGES.items():
        page.goto(f"{address}{place}")
        if name in FOLLOW:
            page.locator(FOLLOW[name]).first.click()
            page.wait_for_load_state()
        assert overflow(page) <= 0, f"{name} is too wide"
    assert complaints == []
    context.close()


def test_steps_appear_live_and_what_was_opened_stays_open(browser: Browser, address: str, dsn: str) -> None:
    context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, address, "viewer")
    page.goto(f"{address}/runs/?state=running")
    page.locator("td a").first.click()
    page.wait_for_load_state()
    number = int(page.url.rstrip("/").rsplit("/", 1)[-1])
    expect(page.locator("li[data-step='2']")).to_contain_text("Working")
    page.evaluate("window.notReloaded = true")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "UPDATE records_steprecord SET state = 'done', ended_at = now() WHERE run_id = %s", [number]
        )
        expect(page.locator("li[data-step='3']")).to_contain_text("Done")
        connection.execute(
            "UPDATE records_run SET state = 'ended', outcome = 'ok', ended_at = now(), says = 'All is done.'"
            " WHERE id = %s",
            [number],
        )
    expect(page.locator("#run-live")).to_contain_text("All is done.")
    assert page.evaluate("window.notReloaded") is True
    _asks_no_more(page)
    context.close()


def _asks_no_more(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert asked == []


def test_the_search_opens_by_key_and_leads_to_a_system(browser: Browser, address: str) -> None:
    page = browser.new_page()
    sign_in(page, address, "viewer")
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially("lakeside")
    page.locator("#command-results a[href='/systems/lakeside-school/']").click()
    page.wait_for_url(f"{address}/systems/lakeside-school/")
    page.close()


def test_a_finding_is_silenced_and_a_run_asked_for_by_hand(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport=NARROW)  # type: ignore[arg-type]
    page = context.new_page()
    sign_in(page, address, "keeper")
    page.goto(f"{address}/systems/lakeside-school/")
    page.locator("text=Silence…").first.click()
    page.fill("textarea[name=reason]", "the supplier knows")
    page.get_by_role("button", name="Silence").click()
    expect(page.locator("#findings")).to_contain_text("the supplier knows")
    page.get_by_role("link", name="Run Check the host now").click()
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#run-live")).to_contain_text("Waiting for a worker")
    context.close()
