"""Decides the decisions of a log again: on their own rule base, and on a changed one."""
