"""Which address leads to which page."""

from django.urls import path

from schoolkeeper.api.problems import nothing_here
from schoolkeeper.api.service import api
from schoolkeeper.controlroom.site import site

urlpatterns = [
    path("api/v1/", api.urls),
    path("api/v1/<path:rest>", nothing_here),
    path("", site.urls),
]
