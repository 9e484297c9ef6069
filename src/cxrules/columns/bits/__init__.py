"""Columns of bits, whatever they mean: gates, small numbers, programs, and the conversion of bytes to planes."""
