"""Addresses of the ledger of fetches and of "Retrieve now": pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.fetches import api, views

urlpatterns = [
    path("fetches/", views.ledger, name="ledger"),
    path("fetches/<int:pk>/", views.fetch, name="fetch"),
    path("fetches/<int:pk>/progress/", views.fetch_progress, name="fetch_progress"),
    path("maps/<int:journey_pk>/progress/", views.map_progress, name="map_progress"),
    path("feeds/<int:pk>/retrieve/", views.feed_retrieve, name="feed_retrieve"),
]

_router = SimpleRouter()
_router.register("fetches", api.Fetches, basename="fetch")
api_urlpatterns = [
    path("surveys/<int:pk>/fetch/", api.RetrieveNow.as_view(), name="survey-fetch"),
    *_router.urls,
]
