"""The privacy notice: what is done with personal data, in numbered versions."""
