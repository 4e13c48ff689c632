"""Addresses of this app's pages."""

from django.urls import URLPattern, path

from journeys import views
from journeys.editing import views_parts, views_personas
from journeys.history import views as history

app_name = "journeys"
urlpatterns: list[URLPattern] = [
    path("", views.journey_list, name="list"),
    path("new/", views.journey_new, name="new"),
    path("<int:journey_pk>/", views.detail, name="detail"),
    path("<int:journey_pk>/edit/", views.journey_edit, name="edit"),
    path("<int:journey_pk>/delete/", views.journey_delete, name="delete"),
    path("<int:journey_pk>/history/", history.history, name="history"),
    path("<int:journey_pk>/undo/", history.undo, name="undo"),
    path("<int:journey_pk>/redo/", history.redo, name="redo"),
    path("<int:journey_pk>/personas/", views_personas.personas, name="personas"),
    path("<int:journey_pk>/personas/<int:pk>/remove/", views_personas.persona_remove, name="persona_remove"),
    path("<int:journey_pk>/personas/<int:pk>/edit/", views_personas.persona_edit, name="persona_edit"),
    path("<int:journey_pk>/sentiment/", views_personas.sentiment, name="sentiment"),
]
for part, folder in (("phase", "phases"), ("stage", "stages"), ("lane", "lanes"), ("card", "cards")):
    here = f"<int:journey_pk>/{folder}/"
    named = {"part": part}
    urlpatterns += [
        path(f"{here}new/", views_parts.part_new, named, name=f"{part}_new"),
        path(f"{here}<int:pk>/edit/", views_parts.part_edit, named, name=f"{part}_edit"),
        path(f"{here}<int:pk>/move/", views_parts.part_move, named, name=f"{part}_move"),
        path(f"{here}<int:pk>/delete/", views_parts.part_delete, named, name=f"{part}_delete"),
    ]
