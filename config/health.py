"""Two addresses for whoever watches the deployment: is it up, and can it work?"""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern, URLResolver, path


def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """The process can serve: its database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "failed"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


urlpatterns: list[URLPattern | URLResolver] = [path("live/", live, name="live"), path("ready/", ready, name="ready")]
