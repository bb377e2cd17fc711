"""Include this where recipients reach it, so that mails can offer a way out."""

from django.urls import path

from optimizer.alerts import views

app_name = "alerts"
urlpatterns = [path("unsubscribe/<str:token>", views.unsubscribe, name="unsubscribe")]
