"""Files, encrypted at rest and uploaded piece by piece: the port and its two adapters."""
