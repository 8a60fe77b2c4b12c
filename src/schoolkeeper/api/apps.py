from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "schoolkeeper.api"
    verbose_name = "REST API"
