"""Judgement: facts in, a plan or a refusal out; pure."""
