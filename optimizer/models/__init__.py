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
from optimizer.models.policy import (
    NO_TABLE,
    EngineSetting,
    FunctionSettings,
    SettingsChange,
    TableSettings,
)
from optimizer.models.prices import (
    BillingProfile,
    PlanName,
    PriceItem,
    SupabaseCalls,
    UsageReading,
)
from optimizer.models.rules import AlertRule, AlertState
from optimizer.models.tokens import ApiToken

__all__ = [
    "NO_TABLE",
    "AlertRule",
    "AlertState",
    "ApiToken",
    "Attempt",
    "BillingProfile",
    "EngineSetting",
    "FunctionSettings",
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
