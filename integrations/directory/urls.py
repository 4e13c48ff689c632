"""Addresses of directory contacts: pages, and part of the REST API."""

from django.urls import path

from integrations.directory import api, views

urlpatterns = [
    path("contacts/", views.contacts, name="contacts"),
    path("contacts/<int:pk>/<slug:directory>/", views.contact_list, name="contact_list"),
    path("contacts/<int:pk>/<slug:directory>/new/", views.contact_new, name="contact_new"),
    path("contacts/<int:pk>/<slug:directory>/<slug:contact_id>/", views.contact, name="contact"),
    path(
        "contacts/<int:pk>/<slug:directory>/<slug:contact_id>/delete/",
        views.contact_delete,
        name="contact_delete",
    ),
]
api_urlpatterns = [
    path("connections/<int:pk>/directories/", api.Directories.as_view(), name="directory-list"),
    path(
        "connections/<int:pk>/directories/<slug:directory>/contacts/",
        api.Contacts.as_view(),
        name="contact-list",
    ),
    path(
        "connections/<int:pk>/directories/<slug:directory>/contacts/<slug:contact_id>/",
        api.OneContact.as_view(),
        name="contact-detail",
    ),
]
