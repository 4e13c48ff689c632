"""Addresses of this app's pages."""

from django.urls import path

from feedback import views

app_name = "feedback"
urlpatterns = [
    path("items/manual/", views.manual_new, name="manual_new"),
    path("items/<int:pk>/settings/", views.item_settings, name="item_settings"),
    path("items/<int:pk>/delete/", views.item_delete, name="item_delete"),
    path("items/<int:pk>/values/", views.value_set, name="value_set"),
    path("items/<int:pk>/values/<str:day>/delete/", views.value_delete, name="value_delete"),
    *(
        path(f"items/<int:pk>/{action}/", views.item_action, {"action": action}, name=f"item_{action}")
        for action in ("retrieve", "pause", "resume", "archive", "restore")
    ),
]
