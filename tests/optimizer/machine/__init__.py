"""Random histories of three processes over a real Valkey, checked against what was promised."""
