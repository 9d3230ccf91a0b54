"""The outside world for local use and tests: Dukcapil, SIMPONI with a bank, an SMS gateway, DPRI, the border system. See README.md."""
