"""Erasures: what application keeps of persons, and what is left of an application without it."""
