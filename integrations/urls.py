"""Addresses of this room's pages."""

from django.urls import include, path

from integrations.connections import views as connections_views
from integrations.console import views as console_views
from integrations.directory import views as directory_views
from integrations.distributions import views as distributions_views
from integrations.erasure import views as erasure_views
from integrations.fetches import views as fetches_views
from integrations.reconciliation import views as reconciliation_views
from integrations.surveys import views as surveys_views
from integrations.vendor.views import installation
from integrations.wizard import views as wizard_views

app_name = "integrations"
urlpatterns = [
    path("connections/", connections_views.connection_list, name="connection_list"),
    path("installation/", installation, name="installation"),
    path("connections/new/", connections_views.connection_new, name="connection_new"),
    path("connections/<int:pk>/", connections_views.connection, name="connection"),
    path("connections/<int:pk>/edit/", connections_views.connection_edit, name="connection_edit"),
    path("connections/<int:pk>/switch/", connections_views.connection_switch, name="connection_switch"),
    path("connections/<int:pk>/test/", connections_views.connection_test, name="connection_test"),
    path("connections/<int:pk>/host/", connections_views.connection_correct_host, name="connection_correct_host"),
    path("connections/<int:pk>/delete/", connections_views.connection_delete, name="connection_delete"),
    path("connections/<int:pk>/surveys/", surveys_views.survey_list_read, name="survey_list_read"),
    path("surveys/", surveys_views.survey_list, name="survey_list"),
    path("surveys/<int:pk>/", surveys_views.survey, name="survey"),
    path("surveys/<int:pk>/read/", surveys_views.survey_read, name="survey_read"),
    path("fetches/", fetches_views.ledger, name="ledger"),
    path("fetches/<int:pk>/", fetches_views.fetch, name="fetch"),
    path("fetches/<int:pk>/progress/", fetches_views.fetch_progress, name="fetch_progress"),
    path("maps/<int:journey_pk>/progress/", fetches_views.map_progress, name="map_progress"),
    path("feeds/<int:pk>/retrieve/", fetches_views.feed_retrieve, name="feed_retrieve"),
    path("api-console/", console_views.console, name="console"),
    path("contacts/", directory_views.contacts, name="contacts"),
    path("contacts/<int:pk>/<slug:directory>/", directory_views.contact_list, name="contact_list"),
    path("contacts/<int:pk>/<slug:directory>/new/", directory_views.contact_new, name="contact_new"),
    path("contacts/<int:pk>/<slug:directory>/<slug:contact_id>/", directory_views.contact, name="contact"),
    path(
        "contacts/<int:pk>/<slug:directory>/<slug:contact_id>/delete/",
        directory_views.contact_delete,
        name="contact_delete",
    ),
    path("", include("integrations.webhooks.urls")),
    path("", include("integrations.health.urls")),
    path("distributions/", distributions_views.distributions, name="distributions"),
    path("distributions/new/", distributions_views.distribution_new, name="distribution_new"),
    path("distributions/<int:pk>/", distributions_views.distribution, name="distribution"),
    path("distributions/<int:pk>/edit/", distributions_views.distribution_edit, name="distribution_edit"),
    path("distributions/<int:pk>/refresh/", distributions_views.distribution_refresh, name="distribution_refresh"),
    path("distributions/<int:pk>/send/", distributions_views.distribution_send, name="distribution_send"),
    path("distributions/<int:pk>/discard/", distributions_views.distribution_discard, name="distribution_discard"),
    path("feeds/<int:pk>/reconciliation/", reconciliation_views.reconciliation, name="reconciliation"),
    path("erasure/", erasure_views.erasure, name="erasure"),
    path("feedback-data/", wizard_views.wizard_start, name="wizard_start"),
    path("feedback-data/<int:pk>/", wizard_views.wizard_edit, name="wizard_edit"),
]
