from django.apps import AppConfig
from django.db.models.signals import post_delete


class ApiConfig(AppConfig):
    name = "schoolkeeper.api"
    verbose_name = "REST API"

    def ready(self) -> None:
        from django.contrib.auth.models import User  # models can be imported only now

        from schoolkeeper.api import feeds

        post_delete.connect(feeds.revoke_with_account, sender=User)
