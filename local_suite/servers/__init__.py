"""Real servers without Docker, for tests (free ports, temporary folder) and for `up` (fixed ports, kept data)."""
