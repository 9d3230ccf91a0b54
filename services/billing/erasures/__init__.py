"""Erasures: what billing keeps of persons."""
