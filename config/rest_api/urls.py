"""The REST API: every app's part, its description and its reference page."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from config.rest_api.openapi import Description
from config.rest_api.reference import reference

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(generator_class=Description), name="schema"),
    path("reference/", reference, name="reference"),
    path("", include("accounts.api_urls")),
    path("", include("journeys.api_urls")),
    path("", include("feedback.api_urls")),
    path("", include("kpis.api_urls")),
    path("", include("integrations.api_urls")),
]
