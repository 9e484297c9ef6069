"""Files about one organisation: read with every mistake in its place, changed with all else left as it was."""
