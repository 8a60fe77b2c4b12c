from django.apps import AppConfig


class CampusConfig(AppConfig):
    name = "smart_erp.campus"
