"""Addresses of the guard of copies: pages, and part of the REST API."""

from django.urls import path

from integrations.vendor import api, views

urlpatterns = [
    path("installation/", views.installation, name="installation"),
]
api_urlpatterns = [
    path("installation/", api.ThisInstallation.as_view(), name="installation"),
]
