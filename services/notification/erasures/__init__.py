"""Erasures: what notification keeps of persons."""
