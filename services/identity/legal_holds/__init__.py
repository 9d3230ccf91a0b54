"""Legal holds: two operators keep data from being erased, for a case, until a date or until they lift it."""
