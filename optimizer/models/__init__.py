"""The engine's tables: run-time settings and API tokens, the metrics, and the alerts."""

from optimizer.models.alerts import AlertRule, AlertState, Outbox
from optimizer.models.metrics import MinuteTally, SnapshotRun
from optimizer.models.policy import ApiToken, EngineSetting, SettingsChange, TableSettings

__all__ = [
    "AlertRule",
    "AlertState",
    "ApiToken",
    "EngineSetting",
    "MinuteTally",
    "Outbox",
    "SettingsChange",
    "SnapshotRun",
    "TableSettings",
]
