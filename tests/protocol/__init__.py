"""An executable model of the cache protocol, searched breadth first for broken promises.

`state` says what there is, `writers`, `readers`, `stream` and `faults` which steps are possible,
`promises` what must never come about, `scenarios` the small worlds in which each clause is needed.
The protocol itself is described in `docs/protocol.md`.
"""
