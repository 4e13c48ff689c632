"""Addresses that vendors post messages to."""

from django.urls import path

from integrations import webhooks

app_name = "hooks"
urlpatterns = [path("qualtrics/<uuid:uuid>/", webhooks.qualtrics, name="qualtrics")]
