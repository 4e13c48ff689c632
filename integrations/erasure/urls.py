"""Addresses of the erasure of a person: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.erasure import api, views

urlpatterns = [
    path("erasure/", views.erasure, name="erasure"),
]

_router = SimpleRouter()
_router.register("erasures", api.Erasures, basename="erasure")
api_urlpatterns = _router.urls
