"""Addresses of surveys: pages, and part of the REST API."""

from django.urls import path

from integrations.surveys import api, views

urlpatterns = [
    path("connections/<int:pk>/surveys/", views.survey_list_read, name="survey_list_read"),
    path("surveys/", views.survey_list, name="survey_list"),
    path("surveys/<int:pk>/", views.survey, name="survey"),
    path("surveys/<int:pk>/read/", views.survey_read, name="survey_read"),
]
api_urlpatterns = [
    path("surveys/<int:pk>/questionnaire/", api.Questionnaire.as_view(), name="survey-questionnaire"),
    path("surveys/<int:pk>/read/", api.ReadSurvey.as_view(), name="survey-read"),
]
