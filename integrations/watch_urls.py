"""Addresses of watches of new responses: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations import api_watches
from integrations.views import watches

urlpatterns = [
    path("connections/<int:connection_pk>/watches/", watches.watch_new, name="watch_new"),
    path("watches/<int:pk>/", watches.watch, name="watch"),
    path("watches/<int:pk>/end/", watches.watch_end, name="watch_end"),
    path("watches/<int:pk>/key/", watches.watch_rotate, name="watch_rotate"),
    path("watches/<int:pk>/check/", watches.watch_check, name="watch_check"),
    path("maps/<int:journey_pk>/news/", watches.map_news, name="map_news"),
]

_router = SimpleRouter()
_router.register("response-watches", api_watches.ResponseWatches, basename="response-watch")
api_urlpatterns = _router.urls
