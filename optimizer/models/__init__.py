"""The engine's tables: run-time settings and API tokens, the metrics, and the alerts."""

from optimizer.models.alerts import Attempt, Notice, Outbox, Pulse, Recipient, Silence
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
from optimizer.models.rules import AlertRule, AlertState, AlertTransition

__all__ = [
    "AlertRule",
    "AlertState",
    "AlertTransition",
    "ApiToken",
    "Attempt",
    "BillingProfile",
    "EngineSetting",
    "Grain",
    "Lifetime",
    "MinuteTally",
    "Notice",
    "Outbox",
    "PlanName",
    "PriceItem",
    "Pulse",
    "Recipient",
    "SettingsChange",
    "Silence",
    "SnapshotRun",
    "Span",
    "SpanFigures",
    "SpanTally",
    "SupabaseCalls",
    "TableSettings",
    "UsageReading",
]
