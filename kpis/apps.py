"""The app of the numbers."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from feedback.signals import survey_joined
from ui.states import register_states


class KpisConfig(AppConfig):
    name = "kpis"
    verbose_name = _("KPIs")

    def ready(self) -> None:
        register_states({"suppressed": ("neutral", "eye-off", _("Hidden: too few answers"))})
        import_module("kpis.scoring.usable").register()
        joining = import_module("kpis.counting.joining")
        survey_joined.connect(joining.restate_joined, dispatch_uid="blocks of a joined survey")
        import_module("kpis.pages.lanes").register_all()
        import_module("kpis.receivers")
