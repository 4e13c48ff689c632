"""Addresses of health and alerts: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations import api_health
from integrations.views import health

urlpatterns = [
    path("health/", health.health, name="health"),
    path("alerts/", health.alert_list, name="alert_list"),
    path("alert-targets/", health.alert_targets, name="alert_targets"),
    path("alert-targets/<int:pk>/", health.alert_target, name="alert_target"),
    path("alert-targets/<int:pk>/test/", health.alert_target_test, name="alert_target_test"),
    path("alert-targets/<int:pk>/delete/", health.alert_target_delete, name="alert_target_delete"),
]

_router = SimpleRouter()
_router.register("alerts", api_health.Alerts, basename="alert")
_router.register("alert-targets", api_health.AlertTargets, basename="alert-target")
api_urlpatterns = [
    path("health/", api_health.Overview.as_view(), name="health"),
    path("connections/<int:pk>/health/", api_health.ConnectionHealth.as_view(), name="connection-health"),
    *_router.urls,
]
