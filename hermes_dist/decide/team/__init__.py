"""The file of a team, and what is to be done so that a machine is as it says; pure."""
