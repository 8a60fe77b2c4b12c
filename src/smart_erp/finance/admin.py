from django.contrib import admin

from smart_erp.finance.models import Invoice, InvoiceLine, Payment


class InvoiceLineInline(admin.TabularInline):
    model = InvoiceLine
    extra = 0


@admin.register(Invoice)
class InvoiceAdmin(admin.ModelAdmin):
    list_display = ("number", "student", "due_on", "total_amount", "paid_amount")
    list_select_related = ("student",)
    search_fields = ("number", "student__last_name")
    raw_id_fields = ("student",)
    inlines = (InvoiceLineInline,)


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    list_display = ("invoice", "amount", "method", "received_on")
    list_select_related = ("invoice",)
    raw_id_fields = ("invoice", "booked_by")
