"""The coverage says only what somebody declares."""

from collections.abc import Mapping

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from schoolkeeper.controlroom.pages import PAGES, services
from schoolkeeper.engine.knowledge import catalogue
from schoolkeeper.kernel.errors import Invalid
from schoolkeeper.reporting.coverage import Service, coverage, of_tasks, served


def test_an_item_that_nobody_declares_is_not_served() -> None:
    items = coverage([])
    assert len(items) == 144
    assert served(items) == 0


def test_what_is_declared_stands_at_its_item() -> None:
    one, two = Service("task", "a", frozenset({"M001"})), Service("document", "b", frozenset({"M001", "M144"}))
    items = {item.requirement.id: item.services for item in coverage([one, two])}
    assert (items["M001"], items["M144"], items["M002"]) == ((one, two), (two,), ())


def test_numbers_that_do_not_exist_are_all_named() -> None:
    with pytest.raises(Invalid) as caught:
        coverage([Service("page", "x", frozenset({"M145"})), Service("command", "y", frozenset({"M000"}))])
    assert caught.value.faults == (
        "page x: there is no requirement M145",
        "command y: there is no requirement M000",
    )


def test_pages_and_tasks_declare_numbers_that_exist() -> None:
    assert served(coverage([*of_tasks(catalogue()), *services()])) > 0


def test_names_and_addresses_of_pages_are_unique() -> None:
    assert len({page.name for page in PAGES}) == len({page.route for page in PAGES}) == len(PAGES)


def declared_elsewhere() -> tuple[Service, ...]:
    return (Service("command", "schoolkeeper something", frozenset({"M013"})),)


@pytest.mark.django_db
def test_the_page_counts_what_the_settings_name_too(cast: Mapping[str, Client], settings: Settings) -> None:
    assert b"schoolkeeper something" not in cast["auditor"].get(reverse("admin:coverage")).content
    settings.SCHOOLKEEPER_SERVICES = ["tests.controlroom.test_coverage.declared_elsewhere"]
    assert b"command: schoolkeeper something" in cast["auditor"].get(reverse("admin:coverage")).content
