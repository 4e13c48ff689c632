"""Addresses of connections: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.connections import api, views

urlpatterns = [
    path("connections/", views.connection_list, name="connection_list"),
    path("connections/new/", views.connection_new, name="connection_new"),
    path("connections/<int:pk>/", views.connection, name="connection"),
    path("connections/<int:pk>/edit/", views.connection_edit, name="connection_edit"),
    path("connections/<int:pk>/switch/", views.connection_switch, name="connection_switch"),
    path("connections/<int:pk>/test/", views.connection_test, name="connection_test"),
    path("connections/<int:pk>/host/", views.connection_correct_host, name="connection_correct_host"),
    path("connections/<int:pk>/delete/", views.connection_delete, name="connection_delete"),
]

_router = SimpleRouter()
_router.register("connections", api.Connections, basename="connection")
api_urlpatterns = _router.urls
