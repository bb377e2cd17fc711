"""Which tags a read holds and a write touches, as finely as it is proven.

The tags of a relation, in `tags.py`, from coarse to fine: `all` (held by each of its reads), `any`
(held by a read that may show any row), a row, a column's value, and the column's wide tag, which is
held beside a value and touched where a value is not proven. Where nothing is pinned, a tag of the
filters takes the place of `any`, with a wide tag of its own.
"""
