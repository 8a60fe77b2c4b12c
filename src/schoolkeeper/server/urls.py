"""Which address leads to which page."""

from django.urls import path, re_path

from schoolkeeper.api.calendar_page import calendar
from schoolkeeper.api.problems import nothing_here
from schoolkeeper.api.service import api
from schoolkeeper.controlroom.site import site

urlpatterns = [
    path("api/v1/", nothing_here),
    path("api/v1/", api.urls),
    re_path(r"^api/v1/", nothing_here),
    path("calendar/<str:token>.ics", calendar),
    path("", site.urls),
]
