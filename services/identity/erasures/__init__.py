"""Erasures: what identity itself erases, and what every service has told of it."""
