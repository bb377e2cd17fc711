"""The engine's tables: run-time settings and API tokens, the metrics, and the alerts."""

from optimizer.models.alerts import AlertRule, AlertState, Outbox
from optimizer.models.metrics import (
    Grain,
    Lifetime,
    MinuteTally,
    SnapshotRun,
    Span,
    SpanFigures,
    SpanTally,
)
from optimizer.models.policy import ApiToken, EngineSetting, SettingsChange, TableSettings
from optimizer.models.prices import (
    BillingProfile,
    PlanName,
    PriceItem,
    SupabaseCalls,
    UsageReading,
)

__all__ = [
    "AlertRule",
    "AlertState",
    "ApiToken",
    "BillingProfile",
    "EngineSetting",
    "Grain",
    "Lifetime",
    "MinuteTally",
    "Outbox",
    "PlanName",
    "PriceItem",
    "SettingsChange",
    "SnapshotRun",
    "Span",
    "SpanFigures",
    "SpanTally",
    "SupabaseCalls",
    "TableSettings",
    "UsageReading",
]
