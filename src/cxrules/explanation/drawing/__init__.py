"""The argument map: its data, its layout, and its drawings."""
