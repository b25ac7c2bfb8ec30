"""Commands of the command line that are about labs: one file, one command."""
