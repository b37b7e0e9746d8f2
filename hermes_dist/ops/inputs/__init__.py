"""Inputs of packages: their answers are given with the command, remembered, or asked for."""
