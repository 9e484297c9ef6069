"""Measurements of cxrules and its peers on the same rule base and organisations. See docs/benchmarks.md."""
