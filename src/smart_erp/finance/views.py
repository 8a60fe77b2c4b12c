from __future__ import annotations

from decimal import Decimal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from smart_erp.academics.access import own_students
from smart_erp.finance.forms import PaymentForm
from smart_erp.finance.models import FeeBalance, Invoice
from smart_erp.people.roles import Role, requires, roles_of

PAGE_SIZE = 30
OFFICE = {Role.ACCOUNTANT, Role.ADMINISTRATOR}


def visible_invoices(request: HttpRequest) -> QuerySet[Invoice]:
    """All for accountants and administrators; their own for families."""
    invoices = Invoice.objects.select_related("student")
    if roles_of(request) & OFFICE:
        return invoices
    return invoices.filter(student__in=own_students(request))


@requires(Role.STUDENT, Role.PARENT, Role.ACCOUNTANT, Role.ADMINISTRATOR)
def listing(request: HttpRequest) -> HttpResponse:
    """Invoices with what is open; the office can search, families also see their balance."""
    invoices = visible_invoices(request)
    office = bool(roles_of(request) & OFFICE)
    wanted = request.GET.get("q", "").strip()
    if wanted:
        invoices = invoices.filter(Q(number__iendswith=wanted) | Q(student__last_name__istartswith=wanted))
    only_open = request.GET.get("show") == "open"
    if only_open:
        invoices = invoices.filter(paid_amount__lt=F("total_amount"))
    balances = (
        [] if office else FeeBalance.objects.filter(student__in=own_students(request)).select_related("student")
    )
    context = {
        "page": Paginator(invoices, PAGE_SIZE).get_page(request.GET.get("page")),
        "balances": balances,
        "office": office,
        "wanted": wanted,
        "only_open": only_open,
        "today": timezone.localdate(),
    }
    return render(request, "finance/fees.html", context)


@requires(Role.STUDENT, Role.PARENT, Role.ACCOUNTANT, Role.ADMINISTRATOR)
def invoice(request: HttpRequest, pk: int) -> HttpResponse:
    """One invoice with its lines and payments; an accountant books payments here."""
    found = get_object_or_404(visible_invoices(request), pk=pk)
    accountant = Role.ACCOUNTANT in roles_of(request)
    form = None
    if request.method == "POST":
        if not accountant:
            raise PermissionDenied
        form = PaymentForm(request.POST)
        if form.is_valid() and _book(form, pk, request):
            messages.success(request, f"Payment booked for {found.number}.")
            return redirect("invoice", pk)
    elif accountant and found.open_amount > 0:
        form = PaymentForm(initial={"amount": found.open_amount, "received_on": timezone.localdate()})
    context = {"invoice": found, "lines": found.lines.all(), "payments": found.payments.all(), "form": form}
    return render(request, "finance/invoice.html", context)


def _book(form: PaymentForm, invoice_id: int, request: HttpRequest) -> bool:
    """Book the payment unless it is more than what is open; the row lock keeps two bookings apart."""
    with transaction.atomic():
        open_amount: Decimal = Invoice.objects.select_for_update().get(pk=invoice_id).open_amount
        if form.cleaned_data["amount"] > open_amount:
            form.add_error("amount", f"Only {open_amount} is open.")
            return False
        payment = form.save(commit=False)
        payment.invoice_id = invoice_id
        payment.booked_by_id = request.user.pk
        payment.save()
    return True
