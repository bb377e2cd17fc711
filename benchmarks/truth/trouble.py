"""What keeps a run from being judged."""


class RunFailed(Exception):  # noqa: N818 - named for what happened
    """A worker ended or did not answer, or a request that was to be held did not come."""
