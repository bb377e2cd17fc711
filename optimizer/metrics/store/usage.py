"""What Supabase counted itself, kept beside ours."""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from optimizer.metrics.usage import CallCounts, fetch
from optimizer.models import SupabaseCalls

MANAGEMENT_URL = "https://api.supabase.com"
_COLUMNS = ["rest", "auth", "storage", "realtime", "fetched_at"]


def fetch_usage(now: datetime) -> int:
    """Ask Supabase where a management token is set, and keep the answer; answers how many rows.

    Raises UpstreamError.
    """
    token = getattr(settings, "SUPABASE_MANAGEMENT_TOKEN", "")
    ref = project_ref()
    if not token or not ref:
        return 0
    base_url = getattr(settings, "SUPABASE_MANAGEMENT_URL", MANAGEMENT_URL)
    return keep(fetch(base_url, ref, token), now)


def keep(counts: Iterable[CallCounts], now: datetime) -> int:
    """Write counts; those of the same time replace the older ones."""
    rows = [SupabaseCalls(**one._asdict(), fetched_at=now) for one in counts]
    SupabaseCalls.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["at"], update_fields=_COLUMNS
    )
    return len(rows)


def project_ref() -> str:
    """The project's reference: the setting's, else that of its address; "" where neither says."""
    named = str(getattr(settings, "SUPABASE_PROJECT_REF", "") or "")
    return named or ref_of(str(getattr(settings, "SUPABASE_URL", "") or ""))


def ref_of(url: str) -> str:
    """The reference out of https://REF.supabase.co; "" for any other address."""
    ref, _, rest = (urlsplit(url).hostname or "").partition(".")
    return ref if rest in ("supabase.co", "supabase.in") else ""
