"""Addresses of the console: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.console import api, views

urlpatterns = [
    path("api-console/", views.console, name="console"),
]

_router = SimpleRouter()
_router.register("console-calls", api.ConsoleCalls, basename="console-call")
api_urlpatterns = [
    path("connections/<int:pk>/call/", api.CallApi.as_view(), name="connection-call"),
    *_router.urls,
]
