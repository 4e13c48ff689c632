"""Addresses of watches of new responses: pages, and part of the REST API."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from integrations.webhooks import api as webhooks_api
from integrations.webhooks import views as webhooks_views

urlpatterns = [
    path("connections/<int:connection_pk>/watches/", webhooks_views.watch_new, name="watch_new"),
    path("watches/<int:pk>/", webhooks_views.watch, name="watch"),
    path("watches/<int:pk>/end/", webhooks_views.watch_end, name="watch_end"),
    path("watches/<int:pk>/key/", webhooks_views.watch_rotate, name="watch_rotate"),
    path("watches/<int:pk>/check/", webhooks_views.watch_check, name="watch_check"),
    path("maps/<int:journey_pk>/news/", webhooks_views.map_news, name="map_news"),
]

_router = SimpleRouter()
_router.register("response-watches", webhooks_api.ResponseWatches, basename="response-watch")
api_urlpatterns = _router.urls
