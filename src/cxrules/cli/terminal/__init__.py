"""Commands and their terminal: arguments, formats, streams, progress, signals and exit codes."""
