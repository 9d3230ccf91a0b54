"""Retention: how long data are kept by dated rules, what holds them longer, and how they are erased."""
