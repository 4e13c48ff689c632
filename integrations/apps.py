"""The app of the wires to the outside."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = _("Integrations")

    def ready(self) -> None:
        import_module("integrations.envelopes").register()
        import_module("integrations.receivers")
        import_module("integrations.vault.checks")
        import_module("integrations.fetches.item_panel").register()
        import_module("integrations.webhooks.map_news").register()
        import_module("integrations.fetches.map_progress").register()
