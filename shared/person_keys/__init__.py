"""One random key per person and service: what it sealed is gone for good once the key is destroyed."""
