"""Columns of bits, whatever they stand for: gates, small numbers, programs, and bytes that become planes."""
