"""What a change of a table's settings may cost, in a sentence for whoever has just made it. Pure.

Nothing here forbids: what must not be is refused by validation.
"""

from collections.abc import Mapping

LONG = 3600  # s; a TTL above this is worth a word

_SET = {
    "shared_by": "Users share answers about {0} now. If a policy reads another claim than this "
    "says, they see each other's rows.",
    "fine_grain": "A write to {0} ends only what its rows and values prove now. What is not "
    "declared here stays outdated until its TTL.",
    "owner_column": "The policies of {0} are taken to show exactly the caller's own rows. If they "
    "show others too, users see those outdated until the TTL.",
    "strict": "Each hit on {0} asks Valkey now, and while Valkey is away writes to {0} are "
    "refused.",
    "stale_if_error_seconds": "While Supabase fails, answers about {0} that were changed meanwhile "
    "may be served.",
}
_UNSET = {
    "enabled": "Every read of {0} goes to Supabase now: slower, and more calls.",
    "sources": "What the policies of {0} read is not watched any more: changes there show after "
    "the TTL.",
}
_NOTHING = ("", "0", "False", "caller")


def of_change(relation: str, before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What to say of fields, as text, that became something else."""
    changed = [name for name, text in after.items() if text != before.get(name)]
    said = [_sentence(name, after[name]) for name in changed]
    return [sentence.format(relation) for sentence in said if sentence]


def _sentence(name: str, text: str) -> str:
    if name == "ttl_seconds":
        return _of_ttl(text)
    return (_UNSET if text in _NOTHING else _SET).get(name, "")


def _of_ttl(text: str) -> str:
    seconds = int(text or "1")
    if seconds == 0:
        return _UNSET["enabled"]
    if seconds <= LONG:
        return ""
    hours = f"{seconds / 3600:.1f}".removesuffix(".0")
    return f"Changes to {{0}} that pass Canvalo by may stay unseen for {hours} hours."
