"""What can be said: facts, tests, rules, claims, and the one text of them. Reads no file and no pydantic."""
