"""The table of rules that ``validate`` checks; each is a function from the package to its problems.

Reading is lenient (:mod:`hermes_dist.model.manifest`); these rules are strict, for authors.
"""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.decide.validate import contents, files, inputs, layers, manifest
from hermes_dist.decide.validate.problems import Problem, Rule, Subject

RULES: Mapping[str, Rule] = {
    "manifest": manifest.check_manifest,
    "words": manifest.check_words,
    "owned": manifest.check_owned,
    "layers": layers.check_taken_out,
    "soul": contents.check_soul,
    "config": contents.check_config,
    "mcp": contents.check_mcp,
    "cron": contents.check_cron,
    "home": contents.check_home,
    "skills": contents.check_skills,
    "plugins": contents.check_plugins,
    "inputs": inputs.check_inputs,
    "environment": files.check_environment,
    "texts": files.check_texts,
    "left-out": files.check_left_out,
}

_OF_CONTENTS = frozenset({"soul", "config", "mcp", "cron", "skills"})
"""The rules that judge what a home gets: they look at the files with answers in them."""


def validate(subject: Subject) -> tuple[Problem, ...]:
    """Check a package against every rule.

    Returns:
        The problems, sorted by file and line, errors first within a line; duplicates are dropped.
    """
    filled = inputs.answered(subject)
    found = {
        problem
        for name, rule in RULES.items()
        for problem in rule(filled if name in _OF_CONTENTS else subject)
    }
    return tuple(sorted(found))
