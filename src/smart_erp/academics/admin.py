from django.contrib import admin

from smart_erp.academics.models import (
    Assignment,
    Course,
    Enrolment,
    Programme,
    Room,
    SchoolYear,
    Section,
    TimetableSlot,
)

admin.site.register([Programme, SchoolYear, Room])


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ("code", "title", "level", "programme")
    list_filter = ("programme", "level")


@admin.register(Section)
class SectionAdmin(admin.ModelAdmin):
    list_display = ("course", "class_name", "teacher", "school_year")
    list_select_related = ("course", "teacher", "school_year")
    search_fields = ("class_name", "course__title")
    raw_id_fields = ("teacher",)


@admin.register(TimetableSlot)
class TimetableSlotAdmin(admin.ModelAdmin):
    list_display = ("section", "weekday", "period", "room")
    list_select_related = ("section__course", "room")
    list_filter = ("weekday",)


@admin.register(Enrolment)
class EnrolmentAdmin(admin.ModelAdmin):
    list_display = ("student", "section", "final_grade")
    list_select_related = ("student", "section__course")
    raw_id_fields = ("student", "section")
    search_fields = ("student__last_name", "student__number")


@admin.register(Assignment)
class AssignmentAdmin(admin.ModelAdmin):
    list_display = ("title", "section", "weight", "due_on")
    list_select_related = ("section__course",)
    raw_id_fields = ("section",)
