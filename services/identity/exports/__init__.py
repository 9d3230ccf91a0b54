"""Exports: all data of an account, collected from every service, for its holder to download."""
