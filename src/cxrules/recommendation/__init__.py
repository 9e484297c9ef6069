"""The answer, and the questions that can be put to it."""
