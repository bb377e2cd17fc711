"""Reads that are kept by their filters: which of them a change to rows that are seen may concern.

Where a read pins neither rows nor a value, it holds a tag of its filters, and these are known to
whoever writes: a change whose rows, as they were and as they are, all fail them ends nothing of it.
A row that fails a filter is in no page, count or aggregate of it.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from optimizer.domain import tags
from optimizer.domain.grain.pins import Row
from optimizer.domain.grain.schema import Relation
from optimizer.domain.language.filters import Tree
from optimizer.domain.language.question import Question, is_filter, parse_question, within
from optimizer.domain.language.selects import embeds_of
from optimizer.domain.sql.evaluate import may_pass
from optimizer.domain.sql.kinds import OTHER

LONGEST = 1000  # characters of filters that are told to writers
MOST_TESTED = 1000  # rows times filters that one write is tested against

Texts = Collection[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of reads of one relation, as a text that is told to writers."""

    relation: str
    text: str

    @property
    def tag(self) -> str:
        """What such a read holds."""
        return tags.of_filter(self.relation, self.text)


def asked(
    relation: Relation, question: Question, params: Iterable[tuple[str, str]]
) -> Asked | None:
    """The filters of a question; None where no row could be proven to fail them."""
    if not any(_decides(relation, tree) for tree in question.where) or _of_embeds(question):
        return None
    own = [pair for pair in params if is_filter(pair[0]) and parse_question([pair]).where]
    text = json.dumps(sorted(own))
    return Asked(relation.name, text) if len(text) <= LONGEST else None


def concerned(relation: Relation, seen: Collection[Row], texts: Texts) -> frozenset[str] | None:
    """The tags of those filters that one of the rows may pass; None where that is too much work.

    Each change is seen as two rows, as it was and as it is; columns that are not sure are missing.
    """
    if len(seen) * len(texts) > MOST_TESTED:
        return None
    kinds = relation.certain
    found = (text for text in texts if any(may_pass(_trees(text), row, kinds) for row in seen))
    return frozenset(tags.of_filter(relation.name, text) for text in found)


def _decides(relation: Relation, tree: Tree) -> bool:
    """Whether some condition is on a column of which more than NULL is certain."""
    kinds = relation.certain
    return any(kinds.get(one.field.name, OTHER) != OTHER for one in within(tree))


def _of_embeds(question: Question) -> bool:
    """Whether a filter may be on an embedded relation that is called like a column."""
    labels = {label for one in embeds_of(question.select) for label in (one.alias, one.name)}
    return any(one.field.name in labels for tree in question.where for one in within(tree))


@lru_cache(maxsize=4096)
def _trees(text: str) -> tuple[Tree, ...]:
    """A text of ours, read back."""
    return parse_question((name, value) for name, value in json.loads(text)).where
