"""Citizens, officers and the outside world as callers of the real HTTP APIs: demo, benchmarks and kill tests."""
