"""The engine's tables: run-time settings and their changes, API tokens, metrics, alerts."""

from optimizer.models.alerts import Attempt, Notice, Outbox, Pulse, Recipient, Silence
from optimizer.models.changes import ChangeKind, Purge, PurgeReach, SettingsChange
from optimizer.models.metrics import (
    Grain,
    Lifetime,
    MinuteTally,
    SnapshotRun,
    Span,
    SpanFigures,
    SpanTally,
)
from optimizer.models.operation import BatchRun, Process
from optimizer.models.policy import NO_TABLE, EngineSetting, FunctionSettings, TableSettings
from optimizer.models.prices import (
    BillingProfile,
    PlanName,
    PriceItem,
    SupabaseCalls,
    UsageReading,
)
from optimizer.models.rules import AlertRule, AlertState, AlertTransition
from optimizer.models.tokens import ApiToken

__all__ = [
    "NO_TABLE",
    "AlertRule",
    "AlertState",
    "AlertTransition",
    "ApiToken",
    "Attempt",
    "BatchRun",
    "BillingProfile",
    "ChangeKind",
    "EngineSetting",
    "FunctionSettings",
    "Grain",
    "Lifetime",
    "MinuteTally",
    "Notice",
    "Outbox",
    "PlanName",
    "PriceItem",
    "Process",
    "Pulse",
    "Purge",
    "PurgeReach",
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
