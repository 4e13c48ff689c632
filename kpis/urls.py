"""Addresses of this app's pages."""

from django.urls import path

from kpis.pages import views

app_name = "kpis"
urlpatterns = [
    path("items/<int:pk>/", views.item, name="item"),
    path("items/<int:pk>/comments/", views.item_comments, name="item_comments"),
    path("items/<int:pk>/accept/", views.item_accept, name="item_accept"),
    path("surveys/<int:pk>/restate/", views.blocks_restate, name="blocks_restate"),
    path("threshold-cost/", views.threshold_cost, name="threshold_cost"),
    path("mappings/", views.mappings, name="mappings"),
    path("journeys/<int:pk>/", views.journey, name="journey"),
    path("journeys/<int:pk>/weighting/", views.journey_weighting, name="journey_weighting"),
    path("journeys/<int:pk>/export/", views.journey_export, name="journey_export"),
]
