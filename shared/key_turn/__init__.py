"""Re-encryption after a key was changed: a job with progress, in every service the same."""
