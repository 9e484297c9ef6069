"""Decisions of a log decided again: on their own rule base, and on a changed one."""
