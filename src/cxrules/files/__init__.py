"""Files about one organisation: read with the place of every mistake, and updated without touching anything else."""
