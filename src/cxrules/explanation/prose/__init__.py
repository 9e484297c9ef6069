"""Explanations of a recommendation as text: brief, full, and what each article says."""
