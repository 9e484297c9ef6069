"""A dialogue that asks the most informative question next."""
