"""The rules of identity: plain data and pure functions; time, ids and chance are arguments."""
