"""Addresses of the wizard: pages."""

from django.urls import path

from integrations.wizard import views

urlpatterns = [
    path("feedback-data/", views.wizard_start, name="wizard_start"),
    path("feedback-data/<int:pk>/", views.wizard_edit, name="wizard_edit"),
]
