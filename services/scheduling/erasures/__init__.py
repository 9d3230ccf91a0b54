"""Erasures: what scheduling keeps of persons."""
