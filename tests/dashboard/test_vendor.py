"""Plotly is stored as it was published, with its licence."""

import gzip
from hashlib import sha256
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
PUBLISHED = "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"


def test_the_bundle_is_the_published_one():
    """Byte for byte plotly.js-basic-dist-min 4.1.1."""
    bundle = (VENDOR / "plotly-basic-4.1.1.min.js").read_bytes()
    assert sha256(bundle).hexdigest() == PUBLISHED


def test_it_is_stored_compressed_too_and_served_so(client):
    """A third of the weight for a browser that says it can; the same bytes when unpacked."""
    packed = (VENDOR / "plotly-basic-4.1.1.min.js.gz").read_bytes()
    assert sha256(gzip.decompress(packed)).hexdigest() == PUBLISHED
    address = "/static/vendor/plotly-basic-4.1.1.min.js"
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert int(answer["Content-Length"]) == len(packed) < 420_000


def test_its_licence_is_beside_it():
    """MIT asks for the notice to go with it."""
    assert "MIT License" in (VENDOR / "plotly-basic-4.1.1.LICENSE").read_text()
