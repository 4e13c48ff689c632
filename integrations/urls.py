"""Addresses of this app's pages, by subject."""

from django.urls import include, path

app_name = "integrations"
urlpatterns = [
    path("", include(f"integrations.{subject}.urls"))
    for subject in (
        "connections",
        "surveys",
        "fetches",
        "reconciliation",
        "webhooks",
        "health",
        "wizard",
        "directory",
        "distributions",
        "erasure",
        "console",
        "vendor",
    )
]
