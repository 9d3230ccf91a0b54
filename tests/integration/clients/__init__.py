"""The clients for integrators, built and walked against the whole suite behind its gateway."""
