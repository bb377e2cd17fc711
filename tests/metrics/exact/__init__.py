"""Programs of the exactness test; the client and the upstream know nothing of the engine."""
