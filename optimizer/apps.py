"""The engine as a Django app; starting it opens no connection and starts no thread."""

from django.apps import AppConfig


class OptimizerConfig(AppConfig):
    """Registers the models and the system checks."""

    name = "optimizer"
    verbose_name = "Canvalo's engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and where run-time settings are kept."""
        from optimizer import checks, policies  # noqa: F401
        from optimizer.conf import optimization_settings

        optimization_settings.persist_in(policies)
