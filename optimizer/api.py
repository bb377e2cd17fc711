"""The engine's endpoints; the project mounts the router and says what an error becomes."""

from django.http import HttpRequest
from ninja import Router
from ninja.errors import HttpError
from ninja.throttling import AuthRateThrottle

from optimizer import selectors
from optimizer.apitokens import ApiTokenAuth, StaffSession
from optimizer.errors import CacheUnavailable
from optimizer.schemas import StatsOut

router = Router(tags=["optimization"], auth=[ApiTokenAuth(), StaffSession()])


# Counted in Django's cache, so over all processes: a monitor that runs wild is told 429.
THROTTLE = AuthRateThrottle("20/s")


@router.get(
    "/optimization/stats",
    response=StatsOut,
    summary="What the engine did",
    throttle=[THROTTLE],
)
async def stats(request: HttpRequest) -> StatsOut:
    """Sums over all processes since the installation, and what is held now."""
    try:
        return await selectors.engine_stats()
    except CacheUnavailable as away:
        raise HttpError(503, str(away)) from away
