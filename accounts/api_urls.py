"""Addresses of this app's part of the REST API, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from accounts import api

router = SimpleRouter()
router.register("api-tokens", api.ApiTokens, basename="apitoken")
router.register("sessions", api.Sessions, basename="session")
router.register("users", api.Users, basename="user")

urlpatterns = [
    path("me/", api.Me.as_view(), name="me"),
    path("organisation/", api.OrganisationSettings.as_view(), name="organisation"),
    *router.urls,
]
