"""The outside world for local use and tests: registry, treasury and bank, SMS gateway, DPRI, border. See README.md."""
