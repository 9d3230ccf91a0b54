"""One's own data: the parts that each service gives to an export, sealed to identity."""
