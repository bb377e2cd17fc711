"""An entry comes back from Valkey as it went in."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from optimizer.cache.entry import FORMAT, Entry, decode, encode
from optimizer.domain.answer import Answer

entries = st.builds(
    Entry,
    answer=st.builds(
        Answer,
        status=st.integers(200, 599),
        headers=st.lists(st.tuples(st.text(), st.text())).map(tuple),
        body=st.binary(max_size=300),
    ),
    stamps=st.text("0123456789abcdef ", max_size=80),
    filled_at=st.floats(0, 4e9),
)


@given(entries, st.integers(0, 200))
def test_the_round_trip_loses_nothing(entry, compress_from):
    """Any bytes, any headers, to the last digit of the time, packed or not."""
    assert decode(encode(entry, compress_from)) == entry


def rows(**headers):
    """An answer that packs well."""
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Entry(Answer(200, pairs, b'[{"name":"Ada"}]' * 100), "s", 1.0)


def test_what_is_large_enough_is_packed():
    """And nothing else."""
    whole = len(encode(rows()))
    assert len(encode(rows(), 1600)) < whole / 5
    assert len(encode(rows(), 1601)) == whole
    assert len(encode(rows(), 0)) == whole


def test_what_came_packed_stays_as_it_is():
    """Nothing is gained by packing it twice."""
    assert len(encode(rows(content_encoding="gzip"), 1)) > 1600


@given(entries, st.integers(0, 255).filter(lambda version: version != FORMAT))
def test_another_version_of_canvalo_is_not_read(entry, version):
    """A rolling update meets entries that it does not know."""
    data = bytearray(encode(entry))
    data[0] = version
    assert decode(bytes(data)) is None


def test_the_version_is_the_first_byte():
    """So that every later version can tell this one."""
    entry = Entry(Answer(200, (), b"[]"), "a b", 1.0)
    assert encode(entry)[:1] == struct.pack("B", FORMAT)


@given(entries)
def test_an_entry_weighs_at_least_its_bytes(entry):
    """The bound of a tier in bytes is a bound."""
    assert entry.size >= len(entry.answer.body) + len(entry.stamps)
