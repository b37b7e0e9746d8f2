"""What we know of the agent, as data: names of files, fields, tables, by generation. Pure; imports errors alone."""
