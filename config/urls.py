"""All addresses of the site."""

from django.conf.urls import handler403  # noqa: F401 (Django looks for it here)
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.views import set_language
from config import health
from config.gallery import gallery
from config.rest_api import urls

# Django looks for these names.
handler404 = "config.rest_api.problems.not_found"
handler500 = "config.rest_api.problems.failed"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="journeys:list"), name="home"),
    path("accounts/", include("accounts.urls")),
    path("journeys/", include("journeys.urls")),
    path("feedback/", include("feedback.urls")),
    path("kpis/", include("kpis.urls")),
    path("settings/", include("integrations.urls")),
    path("hooks/", include("integrations.webhooks.receiver_urls")),
    path("language/", set_language, name="set_language"),
    path("design/", gallery, name="gallery"),
    path("health/", include((health.urlpatterns, "health"))),
    path("api/v1/", include((urls.urlpatterns, "api"))),
]
