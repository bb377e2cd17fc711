"""The dashboard's addresses."""

from django.urls import path

from dashboard import views

app_name = "dashboard"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("data/overview", views.overview_data, name="overview-data"),
]
