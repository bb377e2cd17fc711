"""Every address of the project."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from canvalo.api import api
from canvalo.health import health
from optimizer.prometheus import metrics

urlpatterns = [
    path("", include("dashboard.urls")),
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("health", health, name="health"),
    path("metrics", metrics, name="metrics"),
]
