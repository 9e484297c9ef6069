"""Fired rules → decision: the evidence is weighed and the policy applied, in code that no engine knows."""
