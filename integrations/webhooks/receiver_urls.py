"""Addresses that vendors post messages to."""

from django.urls import path

from integrations.webhooks import receiver

app_name = "hooks"
urlpatterns = [path("qualtrics/<uuid:uuid>/", receiver.qualtrics, name="qualtrics")]
