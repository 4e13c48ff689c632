"""Addresses of this app's part of the REST API, below /api/v1/, by subject."""

from integrations.connections import urls as connections
from integrations.console import urls as console
from integrations.directory import urls as directory
from integrations.distributions import urls as distributions
from integrations.erasure import urls as erasure
from integrations.fetches import urls as fetches
from integrations.health import urls as health
from integrations.reconciliation import urls as reconciliation
from integrations.surveys import urls as surveys
from integrations.vendor import urls as vendor
from integrations.webhooks import urls as webhooks

urlpatterns = [
    *connections.api_urlpatterns,
    *surveys.api_urlpatterns,
    *fetches.api_urlpatterns,
    *reconciliation.api_urlpatterns,
    *webhooks.api_urlpatterns,
    *health.api_urlpatterns,
    *directory.api_urlpatterns,
    *distributions.api_urlpatterns,
    *erasure.api_urlpatterns,
    *console.api_urlpatterns,
    *vendor.api_urlpatterns,
]
