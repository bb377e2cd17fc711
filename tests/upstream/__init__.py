"""The transport against real servers that fail in every way that an edge does."""
