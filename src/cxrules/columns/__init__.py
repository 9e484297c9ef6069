"""Many organisations at once: a bit for each organisation, the policy as operations on whole columns."""
