"""What is known about the agent, as data: file names, fields and tables by generation. Pure; imports only errors."""
