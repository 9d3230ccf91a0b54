"""A gateway that takes text messages and reports later what became of them."""
