"""One colour for each outcome, the same on every page and in both themes.

The style sheet has them as `--NAME`; a test holds the two together, and that people with any kind
of colour vision can tell them apart. Blue was answered here, orange by Supabase.
"""

COLOURS = {
    "hit": "#1b80c4",
    "stale": "#6c58ea",
    "coalesced": "#0b9c5c",
    "miss": "#d9730d",
    "bypass": "#6a716b",
    "error": "#c23c30",
    "write": "#b92ba3",
    "refused": "#b484a8",  # by Supabase, for a fault of the caller
    "pale-hit": "rgba(27, 128, 196, 0.42)",  # behind another colour
    "pale-miss": "rgba(217, 115, 13, 0.42)",
    "pale-error": "rgba(194, 60, 48, 0.42)",
    "unknown": "rgba(128, 136, 150, 0.45)",  # of what nothing is known
}
BEFORE = "rgba(128, 136, 150, 0.75)"  # the period before
GAP = "rgba(128, 136, 150, 0.13)"
MARK = "rgba(128, 136, 150, 0.8)"
