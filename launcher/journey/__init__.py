"""Citizens, officers and the outside world as callers of the real HTTP APIs: for the demo, the benchmarks and kill tests."""
