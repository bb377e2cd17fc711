"""The engine as a Django app; starting it opens no connection and starts no thread."""

from django.apps import AppConfig


class OptimizerConfig(AppConfig):
    """Registers the models and the system checks."""

    name = "optimizer"
    verbose_name = "Optimizer"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Import the checks so that `manage.py check` runs them."""
        from optimizer import checks  # noqa: F401
