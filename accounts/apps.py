"""The app of people and rights."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import audit, sessions  # noqa: F401, PLC0415 (their receivers must hear of the first sign-in already)
        from accounts.roles import make_groups  # noqa: PLC0415 (models are not loaded before this moment)

        post_migrate.connect(make_groups, dispatch_uid="accounts.make_groups")
