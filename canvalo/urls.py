"""Every address of the project."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from canvalo import health, watch
from canvalo.api import api
from canvalo.signin import CountedAdminForm, SignIn
from optimizer.prometheus import metrics

admin.site.login_form = CountedAdminForm
handler404 = "canvalo.problems.not_found"
handler500 = "canvalo.problems.fault"
urlpatterns = [
    path("", include("dashboard.urls")),
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/", api.urls),
    path("data/overdue", watch.overdue_data, name="overdue-data"),
    path("alerts/", include("optimizer.alerts.urls")),
    path("health", health.ready, name="health"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/deep", health.deep),
    path("metrics", metrics, name="metrics"),
]
