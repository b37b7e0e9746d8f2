"""The steps that all changing verbs share: look up, fetch, observe, propose, confirm, carry out."""
