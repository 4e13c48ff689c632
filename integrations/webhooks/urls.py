"""Addresses of watches of new responses: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.webhooks import api, views

urlpatterns = [
    path("connections/<int:connection_pk>/watches/", views.watch_new, name="watch_new"),
    path("watches/<int:pk>/", views.watch, name="watch"),
    path("watches/<int:pk>/end/", views.watch_end, name="watch_end"),
    path("watches/<int:pk>/key/", views.watch_rotate, name="watch_rotate"),
    path("watches/<int:pk>/check/", views.watch_check, name="watch_check"),
    path("maps/<int:journey_pk>/news/", views.map_news, name="map_news"),
]

_router = SimpleRouter()
_router.register("response-watches", api.ResponseWatches, basename="response-watch")
api_urlpatterns = _router.urls
