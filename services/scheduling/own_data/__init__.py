"""Own data: what this service gives to an export of an account."""
