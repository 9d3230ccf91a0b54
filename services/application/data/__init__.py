"""Reference data of application: the dated rule set of questions and requirements, and the letter's template."""
