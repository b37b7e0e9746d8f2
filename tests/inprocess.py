"""Commands in one process, for programs that tests start in a namespace or as another user."""

from __future__ import annotations

RUN = """import io, os, subprocess, sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch
from hermes_dist.cli.entry.start import hermes

def run(*words):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "argv", ["hermes-dist", *words]):
        try:
            code = hermes()
        except SystemExit as end:
            code = end.code
    assert not code, (words, out.getvalue(), err.getvalue())
    return out.getvalue()
"""
"""The start of such a program: ``run`` runs a command, which has to succeed, and returns what it prints."""
