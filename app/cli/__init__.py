"""The command line: each command asks the running app; imports are kept few to start fast."""
