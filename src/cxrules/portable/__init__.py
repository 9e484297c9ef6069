"""Answers as portable data: their fields, their schema, and the rule base that a copy finds again."""
