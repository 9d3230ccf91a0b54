"""Dukcapil: the civil registry's check of a NIK, field by field."""
