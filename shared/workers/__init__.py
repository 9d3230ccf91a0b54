"""Processes of our own that do what must not take a service down: one job each, limited in memory and time."""
