"""Decisions: facts go in, a plan or a refusal comes out; pure."""
