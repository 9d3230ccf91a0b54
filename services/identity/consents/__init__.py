"""Consents: what an account agreed to, for which purpose and by which version of the notice."""
