"""Plotly is stored as it was published, with its licence."""

from hashlib import sha256
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static" / "vendor"
PUBLISHED = "99784e3abfb07b142a15e521a439e6d9addceadb3f79553fd24c72774f0649ba"


def test_the_bundle_is_the_published_one():
    """Byte for byte plotly.js-basic-dist-min 4.1.1."""
    bundle = (VENDOR / "plotly-basic-4.1.1.min.js").read_bytes()
    assert sha256(bundle).hexdigest() == PUBLISHED


def test_its_licence_is_beside_it():
    """MIT asks for the notice to go with it."""
    assert "MIT License" in (VENDOR / "plotly-basic-4.1.1.LICENSE").read_text()
