"""The commands, by group: thin functions that parse, compute one result and have it written."""
