from django.contrib import admin

from smart_erp.excuses.models import AttendanceExcuse


@admin.register(AttendanceExcuse)
class AttendanceExcuseAdmin(admin.ModelAdmin):
    list_display = ("student", "first_day", "last_day", "status")
    list_filter = ("status",)
    raw_id_fields = ("student", "filed_by", "decided_by")
