from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import URLPattern, URLResolver, include, path

from smart_erp.academics.views import attendance, gradebook, sections, students, timetable, transcripts
from smart_erp.campus import health
from smart_erp.finance import views as fees
from smart_erp.portal import announcements, dashboard, uploads

admin.site.site_header = admin.site.site_title = settings.SCHOOL.school_name
admin.site.index_title = "Records"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", dashboard.page, name="dashboard"),
    path("healthz", health.healthz, name="healthz"),
    path("version", health.version, name="version"),
    path("sign-in/", LoginView.as_view(redirect_authenticated_user=True), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("announcements/", announcements.page, name="announcements"),
    path("uploads/<int:pk>/", uploads.page, name="upload"),
    path("students/", students.listing, name="students"),
    path("students/<int:pk>/", students.record, name="student"),
    path("students/<int:pk>/transcript/", transcripts.page, name="transcript"),
    path("sections/<int:pk>/", sections.page, name="section"),
    path("sections/<int:pk>/attendance/", attendance.page, name="attendance"),
    path("sections/<int:pk>/gradebook/", gradebook.page, name="gradebook"),
    path("assignments/<int:pk>/hand-in/", sections.hand_in, name="hand-in"),
    path("timetable/", timetable.page, name="timetable"),
    path("fees/", fees.listing, name="fees"),
    path("fees/<int:pk>/", fees.invoice, name="invoice"),
    path("admin/", admin.site.urls),
]
if "excuses" in settings.RELEASE.features:
    urlpatterns.append(path("excuses/", include("smart_erp.excuses.urls")))

handler500 = "smart_erp.portal.errors.server_error"
