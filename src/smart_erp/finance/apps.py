from django.apps import AppConfig


class FinanceConfig(AppConfig):
    name = "smart_erp.finance"
