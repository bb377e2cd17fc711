"""The one place that states Canvalo's version."""

__version__ = "0.1.0"
