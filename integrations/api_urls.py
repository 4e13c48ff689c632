"""Addresses of this room's part of the REST API, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.connections import api as connections_api
from integrations.console import api as console_api
from integrations.directory import api as directory_api
from integrations.distributions import api as distributions_api
from integrations.erasure import api as erasure_api
from integrations.health.urls import api_urlpatterns as health_urlpatterns
from integrations.reconciliation import api as reconciliation_api
from integrations.surveys import api as surveys_api
from integrations.vendor.api import ThisInstallation
from integrations.webhooks.urls import api_urlpatterns

router = SimpleRouter()
router.register("connections", connections_api.Connections, basename="connection")
router.register("console-calls", console_api.ConsoleCalls, basename="console-call")
router.register("distributions", distributions_api.Distributions, basename="distribution")
router.register("erasures", erasure_api.Erasures, basename="erasure")
router.register("fetches", connections_api.Fetches, basename="fetch")

urlpatterns = [
    path("installation/", ThisInstallation.as_view(), name="installation"),
    path("connections/<int:pk>/call/", console_api.CallApi.as_view(), name="connection-call"),
    path("connections/<int:pk>/directories/", directory_api.Directories.as_view(), name="directory-list"),
    path(
        "connections/<int:pk>/directories/<slug:directory>/contacts/",
        directory_api.Contacts.as_view(),
        name="contact-list",
    ),
    path(
        "connections/<int:pk>/directories/<slug:directory>/contacts/<slug:contact_id>/",
        directory_api.OneContact.as_view(),
        name="contact-detail",
    ),
    path(
        "connections/<int:pk>/distribution-choices/",
        distributions_api.DistributionChoices.as_view(),
        name="distribution-choices",
    ),
    path("surveys/<int:pk>/fetch/", connections_api.RetrieveNow.as_view(), name="survey-fetch"),
    path("surveys/<int:pk>/questionnaire/", surveys_api.Questionnaire.as_view(), name="survey-questionnaire"),
    path("surveys/<int:pk>/read/", surveys_api.ReadSurvey.as_view(), name="survey-read"),
    path(
        "surveys/<int:pk>/reconciliation/",
        reconciliation_api.Reconciliation.as_view(),
        name="survey-reconciliation",
    ),
    *router.urls,
    *api_urlpatterns,
    *health_urlpatterns,
]
