"""Addresses of distributions: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.distributions import api, views

urlpatterns = [
    path("distributions/", views.distributions, name="distributions"),
    path("distributions/new/", views.distribution_new, name="distribution_new"),
    path("distributions/<int:pk>/", views.distribution, name="distribution"),
    path("distributions/<int:pk>/edit/", views.distribution_edit, name="distribution_edit"),
    path("distributions/<int:pk>/refresh/", views.distribution_refresh, name="distribution_refresh"),
    path("distributions/<int:pk>/send/", views.distribution_send, name="distribution_send"),
    path("distributions/<int:pk>/discard/", views.distribution_discard, name="distribution_discard"),
]

_router = SimpleRouter()
_router.register("distributions", api.Distributions, basename="distribution")
api_urlpatterns = [
    path(
        "connections/<int:pk>/distribution-choices/",
        api.DistributionChoices.as_view(),
        name="distribution-choices",
    ),
    *_router.urls,
]
