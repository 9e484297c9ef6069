"""The argument map: data, where its boxes go, and how it is drawn."""
