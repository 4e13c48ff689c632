"""Addresses of reconciliation: pages, and part of the REST API."""

from django.urls import path

from integrations.reconciliation import api, views

urlpatterns = [
    path("feeds/<int:pk>/reconciliation/", views.reconciliation, name="reconciliation"),
]
api_urlpatterns = [
    path(
        "surveys/<int:pk>/reconciliation/",
        api.Reconciliation.as_view(),
        name="survey-reconciliation",
    ),
]
