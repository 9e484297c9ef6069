"""The language of the knowledge: facts, tests, rules, claims, and their canonical text. Without files or pydantic."""
