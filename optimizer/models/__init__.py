"""The engine's tables: run-time settings and API tokens, and the metrics."""

from optimizer.models.metrics import MinuteTally, SnapshotRun
from optimizer.models.policy import ApiToken, SettingsChange, TableSettings

__all__ = ["ApiToken", "MinuteTally", "SettingsChange", "SnapshotRun", "TableSettings"]
