"""Between Arrow and the rest: reading and writing cells of any kind."""
