"""An answer as data that travels: its fields, their schema, and the rule base a copy finds again."""
