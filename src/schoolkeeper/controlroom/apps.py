from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ControlroomConfig(AppConfig):
    name = "schoolkeeper.controlroom"
    verbose_name = "Control room"

    def ready(self) -> None:
        from schoolkeeper.controlroom import roles  # models can be imported only now

        post_migrate.connect(roles.install, sender=self)
