"""Addresses of health and alerts: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.health import api, views

urlpatterns = [
    path("health/", views.health, name="health"),
    path("alerts/", views.alert_list, name="alert_list"),
    path("alert-targets/", views.alert_targets, name="alert_targets"),
    path("alert-targets/<int:pk>/", views.alert_target, name="alert_target"),
    path("alert-targets/<int:pk>/test/", views.alert_target_test, name="alert_target_test"),
    path("alert-targets/<int:pk>/delete/", views.alert_target_delete, name="alert_target_delete"),
]

_router = SimpleRouter()
_router.register("alerts", api.Alerts, basename="alert")
_router.register("alert-targets", api.AlertTargets, basename="alert-target")
api_urlpatterns = [
    path("health/", api.Overview.as_view(), name="health"),
    path("connections/<int:pk>/health/", api.ConnectionHealth.as_view(), name="connection-health"),
    *_router.urls,
]
