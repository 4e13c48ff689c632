"""Addresses of this app's pages."""

from django.contrib.auth import views as auth_views
from django.urls import path

from accounts import views, views_admin

app_name = "accounts"
urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("forgotten/", views.request_password, name="request_password"),
    path("set-password/<uidb64>/<token>/", views.SetPassword.as_view(), name="set_password"),
    path("profile/", views.Profile.as_view(), name="profile"),
    path("password/", views.ChangePassword.as_view(), name="password"),
    path("sessions/", views.session_list, name="sessions"),
    path("sessions/<slug:session>/end/", views.session_end, name="session_end"),
    path("api-tokens/", views.token_list, name="api_tokens"),
    path("api-tokens/<int:pk>/revoke/", views.token_revoke, name="api_token_revoke"),
    path("people/", views_admin.PeopleList.as_view(), name="people"),
    path("people/add/", views_admin.person_add, name="person_add"),
    path("people/<int:pk>/", views_admin.person_edit, name="person"),
    path("people/<int:pk>/link/", views_admin.person_link, name="person_link"),
    path("people/<int:pk>/end-sessions/", views_admin.person_end_sessions, name="person_end_sessions"),
    path("people/<int:pk>/deactivate/", views_admin.person_deactivate, name="person_deactivate"),
    path("people/<int:pk>/reactivate/", views_admin.person_reactivate, name="person_reactivate"),
    path("organisation/", views_admin.OrganisationSettings.as_view(), name="organisation"),
]
