"""Which address leads to which page."""

from django.urls import path

from schoolkeeper.controlroom.site import site

urlpatterns = [path("", site.urls)]
