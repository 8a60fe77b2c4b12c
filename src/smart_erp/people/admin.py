from django.contrib import admin

from smart_erp.people.models import Guardian, Guardianship, Staff, Student


class GuardianshipInline(admin.TabularInline):
    model = Guardianship
    raw_id_fields = ("guardian",)
    extra = 0


@admin.register(Student)
class StudentAdmin(admin.ModelAdmin):
    list_display = ("number", "last_name", "first_name", "born_on", "status")
    list_filter = ("status",)
    search_fields = ("number", "last_name", "first_name")
    raw_id_fields = ("user", "photo")
    inlines = (GuardianshipInline,)


@admin.register(Guardian)
class GuardianAdmin(admin.ModelAdmin):
    list_display = ("last_name", "first_name", "email", "phone")
    search_fields = ("last_name", "first_name", "email")
    raw_id_fields = ("user",)


@admin.register(Staff)
class StaffAdmin(admin.ModelAdmin):
    list_display = ("number", "last_name", "first_name", "job_title")
    search_fields = ("number", "last_name")
    raw_id_fields = ("user", "photo")
