"""Fees: invoices with lines, and payments. Totals are kept by database triggers."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from smart_erp.people.models import Student


class Invoice(models.Model):
    """`total_amount` and `paid_amount` are written by triggers on the lines and the payments."""

    number = models.CharField(max_length=16, unique=True)
    student = models.ForeignKey(Student, on_delete=models.PROTECT, related_name="invoices")
    issued_on = models.DateField()
    due_on = models.DateField()
    total_amount = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0), editable=False)
    paid_amount = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0), editable=False)

    class Meta:
        db_table = "invoice"
        ordering = ["-issued_on", "number"]
        indexes = [models.Index(fields=["due_on"], name="invoice_due")]
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gte=F("issued_on")), name="invoice_due_after_issue"),
            models.CheckConstraint(condition=Q(paid_amount__lte=F("total_amount")), name="invoice_not_overpaid"),
            models.CheckConstraint(condition=Q(paid_amount__gte=0), name="invoice_paid_not_negative"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def open_amount(self) -> Decimal:
        return self.total_amount - self.paid_amount


class InvoiceLine(models.Model):
    """One charge; a discount is a line with a negative amount."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    description = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        db_table = "invoice_line"

    def __str__(self) -> str:
        return self.description


class Payment(models.Model):
    class Method(models.TextChoices):
        TRANSFER = "transfer"
        CARD = "card"
        CASH = "cash"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    method = models.CharField(max_length=10, choices=Method)
    received_on = models.DateField()
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "payment"
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payment_positive")]

    def __str__(self) -> str:
        return f"{self.amount} on {self.received_on}"


class FeeBalance(models.Model):
    """A row of the view `fee_balance`: what one student was invoiced, paid and owes."""

    student = models.OneToOneField(
        Student, on_delete=models.DO_NOTHING, primary_key=True, related_name="fee_balance"
    )
    invoiced_amount = models.DecimalField(max_digits=12, decimal_places=2)
    paid_amount = models.DecimalField(max_digits=12, decimal_places=2)
    balance_amount = models.DecimalField(max_digits=12, decimal_places=2)
    if "overdue" in settings.RELEASE.features:
        overdue_amount = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        managed = False
        db_table = "fee_balance"

    def __str__(self) -> str:
        return f"{self.student_id}: {self.balance_amount}"
