"""What is to be done with a question of a caller: under which key and tags, or not at all."""

from collections.abc import Callable
from dataclasses import dataclass

from optimizer.cache.served import Terms
from optimizer.domain import shapes, tags
from optimizer.domain.grain.reading import Caller, of_read
from optimizer.domain.grain.schema import Schema
from optimizer.domain.query import Read
from optimizer.domain.scope import Scope
from optimizer.domain.ttl import Policies, TablePolicy
from optimizer.terms import terms_for

_REMEMBERED = 4096  # questions


@dataclass(frozen=True, slots=True)
class Plan:
    """How a question is treated under a policy and a schema; without terms it is passed on."""

    policy: TablePolicy
    schema: Schema
    name: tuple[str, str]  # relation and shape, under which it is counted
    key: str = ""
    terms: Terms | None = None


class Plans:
    """Remembers plans until settings or the schema change: most questions have come before."""

    def __init__(
        self, policies: Policies, schema: Callable[[], Schema], want: Callable[[], None]
    ) -> None:
        """`want` is told when a question needs more of the schema than is known."""
        self._want = want
        self._policies = policies
        self._schema = schema
        self._known: dict[tuple[Read, Scope], Plan] = {}

    def of(self, read: Read, scope: Scope) -> Plan:
        """The plan that holds now."""
        policy, schema = self._policies.policy(read.name), self._schema()
        plan = self._known.get((read, scope))
        if plan is None or plan.policy is not policy or plan.schema is not schema:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            plan = self._known[read, scope] = self._made(read, scope, policy, schema)
        return plan

    def _made(self, read: Read, scope: Scope, policy: TablePolicy, schema: Schema) -> Plan:
        name = (read.name, shapes.of(read))
        if not policy.enabled or policy.ttl <= 0 or not scope.cacheable:
            return Plan(policy, schema, name)
        sharing = scope.shared_by(policy.shared_by)
        held = of_read(read, schema, Caller(sharing.subject, scope.passes_by))
        if held is None:
            self._want()
            return Plan(policy, schema, name)
        behind = tags.of_relations(policy.sources, sharing.user)
        depends_on = tuple(sorted({*held.tags, *behind}))
        terms = terms_for(self._policies, policy, depends_on, policy.ttl, held)
        return Plan(policy, schema, name, read.key(sharing), terms)
