from django.apps import AppConfig


class ExcusesConfig(AppConfig):
    name = "smart_erp.excuses"
