"""How often a caller of the figures may ask: so many a second, over all processes."""

import time

from django.core.cache import cache
from django.http import HttpRequest
from ninja.throttling import AuthRateThrottle

RATE = "20/s"


class CallerRate(AuthRateThrottle):
    """Counts in Django's cache, in one step: callers at once are counted as many, too.

    Without Valkey nobody is counted; then the figures have no answer either.
    """

    def allow_request(self, request: HttpRequest) -> bool:
        """Count this request; False where it is one too many in its stretch of time."""
        key = self.get_cache_key(request)
        seconds = self.duration or 1
        window = f"{key}:{int(time.time() // seconds)}"
        cache.add(window, 0, 2 * seconds)
        try:
            count = cache.incr(window)
        except ValueError:  # nothing is kept
            return True
        return count is None or count <= (self.num_requests or 0)

    def wait(self) -> float:
        """Seconds until the next stretch begins."""
        seconds = self.duration or 1
        return float(seconds - time.time() % seconds)


THROTTLE = CallerRate(RATE)
