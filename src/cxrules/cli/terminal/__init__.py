"""What a command does with the terminal it runs on: shows how far it is, and ends when it is told to."""
