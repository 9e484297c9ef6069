"""Measurements: cxrules beside its peers, on the same rule base and the same organisations. See docs/benchmarks.md."""
