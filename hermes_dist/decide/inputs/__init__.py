"""Inputs: what a package asks its user at installation, and how the answers get into its files and out again."""
