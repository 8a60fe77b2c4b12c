"""Every page of the control room. A new page adds its view, its template and one entry here: address, permission,
sidebar, coverage and the tests of who may open it follow from the entry."""

from django.http import HttpRequest
from django.template.response import TemplateResponse

from schoolkeeper.controlroom import roles
from schoolkeeper.controlroom.page import Kind, Page
from schoolkeeper.controlroom.views import (
    ask,
    backup_set,
    backups,
    catalogue,
    coverage,
    decide,
    evidence,
    findings,
    hold,
    ledger,
    overview,
    recover,
    recovery_trend,
    run,
    runs,
    silence,
    system,
    task,
)
from schoolkeeper.reporting.coverage import Service

CARE, KNOWLEDGE, PROOF = "Care", "Knowledge", "Proof"


def _coverage(request: HttpRequest) -> TemplateResponse:
    return coverage.show(request, services())


PAGES: tuple[Page, ...] = (
    Page(
        name="index",
        route="",
        view=overview.show,
        title="Overview",
        permission=roles.SEE,
        icon="dashboard",
        group=CARE,
        serves=frozenset({"M114"}),
    ),
    Page(
        name="system",
        route="systems/<slug:slug>/",
        view=system.show,
        title="System",
        permission=roles.SEE,
        serves=frozenset({"M031", "M032"}),
    ),
    Page(
        name="ask",
        route="systems/<slug:slug>/run/<str:task_id>/",
        view=ask.show,
        title="Run a task",
        permission=roles.RUN,
    ),
    Page(
        name="findings",
        route="findings/",
        view=findings.show,
        title="Findings",
        permission=roles.SEE,
        icon="notification_important",
        group=CARE,
        serves=frozenset({"M099"}),
    ),
    Page(
        name="silence",
        route="findings/<int:pk>/silence/",
        view=silence.show,
        title="Silence a finding",
        permission=roles.SILENCE,
    ),
    Page(
        name="end_silence",
        route="silences/<int:pk>/end/",
        view=silence.end,
        title="End a silence",
        permission=roles.SILENCE,
        kind=Kind.ACTION,
    ),
    Page(
        name="runs",
        route="runs/",
        view=runs.show,
        title="Runs",
        permission=roles.SEE,
        icon="history",
        group=CARE,
        serves=frozenset({"M097"}),
    ),
    Page(name="run", route="runs/<int:pk>/", view=run.show, title="Run", permission=roles.SEE),
    Page(
        name="run_live",
        route="runs/<int:pk>/live/",
        view=run.live,
        title="Run, as it goes on",
        permission=roles.SEE,
        kind=Kind.FRAGMENT,
    ),
    Page(
        name="decide",
        route="runs/<int:pk>/decide/",
        view=decide.decide,
        title="Approve or deny",
        permission=roles.APPROVE,
        kind=Kind.ACTION,
    ),
    Page(
        name="clear_hold",
        route="holds/<int:pk>/clear/",
        view=hold.clear,
        title="Clear a hold",
        permission=roles.CLEAR_HOLD,
        kind=Kind.ACTION,
    ),
    Page(
        name="backups",
        route="backups/",
        view=backups.show,
        title="Backups",
        permission=roles.SEE,
        icon="inventory_2",
        group=CARE,
    ),
    Page(
        name="system_backups",
        route="systems/<slug:slug>/backups/",
        view=backups.of_system,
        title="Backups of a system",
        permission=roles.SEE,
    ),
    Page(
        name="recovery_trend",
        route="systems/<slug:slug>/backups/trend/",
        view=recovery_trend.show,
        title="Recovery over time",
        permission=roles.SEE,
        serves=frozenset({"M072"}),
    ),
    Page(
        name="backup_set",
        route="systems/<slug:slug>/backups/sets/<str:key>/",
        view=backup_set.show,
        title="Backup",
        permission=roles.SEE,
    ),
    Page(
        name="proof_pdf",
        route="evidence/<int:pk>/proof.pdf",
        view=evidence.pdf,
        title="Download the proof",
        permission=roles.SEE,
        kind=Kind.FILE,
        serves=frozenset({"M046"}),
    ),
    Page(
        name="signed_evidence",
        route="evidence/<int:pk>/evidence.json",
        view=evidence.signed,
        title="Download signed evidence",
        permission=roles.SEE,
        kind=Kind.FILE,
        serves=frozenset({"M046"}),
    ),
    Page(
        name="recover",
        route="recover/",
        view=recover.show,
        title="Recover",
        permission=roles.SEE,
        icon="settings_backup_restore",
        group=CARE,
    ),
    Page(
        name="recover_choose",
        route="systems/<slug:slug>/recover/<str:task_id>/",
        view=recover.choose,
        title="From which backup?",
        permission=roles.SEE,
    ),
    Page(
        name="recover_ask",
        route="systems/<slug:slug>/recover/<str:task_id>/ask/",
        view=recover.ask,
        title="Ask for a recovery",
        permission=roles.RUN,
    ),
    Page(
        name="catalogue",
        route="tasks/",
        view=catalogue.show,
        title="Catalogue",
        permission=roles.SEE,
        icon="menu_book",
        group=KNOWLEDGE,
    ),
    Page(
        name="task",
        route="tasks/<str:task_id>/",
        view=task.show,
        title="Task",
        permission=roles.SEE,
        serves=frozenset({"M105"}),
    ),
    Page(
        name="ledger",
        route="ledger/",
        view=ledger.show,
        title="Ledger",
        permission=roles.AUDIT,
        icon="receipt_long",
        group=PROOF,
        serves=frozenset({"M097", "M098"}),
    ),
    Page(
        name="ledger_verify",
        route="ledger/verify/",
        view=ledger.verify_now,
        title="Verify the ledger",
        permission=roles.AUDIT,
        kind=Kind.ACTION,
    ),
    Page(
        name="ledger_export",
        route="ledger/export/",
        view=ledger.export,
        title="Export the ledger",
        permission=roles.AUDIT,
        kind=Kind.ACTION,
    ),
    Page(
        name="coverage",
        route="coverage/",
        view=_coverage,
        title="Coverage",
        permission=roles.AUDIT,
        icon="checklist",
        group=PROOF,
    ),
)


def services() -> tuple[Service, ...]:
    """What the pages contribute to the coverage of the requirements."""
    return tuple(Service("page", page.title, page.serves) for page in PAGES if page.serves)
