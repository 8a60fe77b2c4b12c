from django.contrib import admin

from smart_erp.campus.models import Announcement, SchemaRelease, Upload


@admin.register(Announcement)
class AnnouncementAdmin(admin.ModelAdmin):
    list_display = ("title", "audience", "published_at")
    list_filter = ("audience",)


@admin.register(Upload)
class UploadAdmin(admin.ModelAdmin):
    list_display = ("path", "size_bytes", "content_type", "created_at")
    search_fields = ("path", "sha256")
    raw_id_fields = ("owner",)


@admin.register(SchemaRelease)
class SchemaReleaseAdmin(admin.ModelAdmin):
    list_display = ("version", "installed_at")
