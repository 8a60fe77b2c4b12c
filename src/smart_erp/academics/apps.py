from django.apps import AppConfig


class AcademicsConfig(AppConfig):
    name = "smart_erp.academics"
