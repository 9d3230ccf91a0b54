"""The rules of notification: plain data and pure functions; time is an argument."""
