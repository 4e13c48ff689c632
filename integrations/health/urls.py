"""Addresses of health and alerts: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.health import api as health_api
from integrations.health import views as health_views

urlpatterns = [
    path("health/", health_views.health, name="health"),
    path("alerts/", health_views.alert_list, name="alert_list"),
    path("alert-targets/", health_views.alert_targets, name="alert_targets"),
    path("alert-targets/<int:pk>/", health_views.alert_target, name="alert_target"),
    path("alert-targets/<int:pk>/test/", health_views.alert_target_test, name="alert_target_test"),
    path("alert-targets/<int:pk>/delete/", health_views.alert_target_delete, name="alert_target_delete"),
]

_router = SimpleRouter()
_router.register("alerts", health_api.Alerts, basename="alert")
_router.register("alert-targets", health_api.AlertTargets, basename="alert-target")
api_urlpatterns = [
    path("health/", health_api.Overview.as_view(), name="health"),
    path("connections/<int:pk>/health/", health_api.ConnectionHealth.as_view(), name="connection-health"),
    *_router.urls,
]
