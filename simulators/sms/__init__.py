"""A gateway that takes text messages and reports their delivery later."""
