"""Sources and targets of other kinds: plugins, collections of skills, plain profiles."""
