"""Prompts shown after the plan is confirmed: effects, and missing variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from hermes_dist.cli.shared.cards import effects_in_full, preview
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import UsageError
from hermes_dist.lazily import later
from hermes_dist.model.manifest import EnvVar
from hermes_dist.ops.change import review
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Confirm, InputQuestion, Questions
from hermes_dist.ops.change.variables import Given, gather, single_line
from hermes_dist.voice.clean import clean
from hermes_dist.voice.summary import asked_words

with later():
    from hermes_dist.model.registry import Package
    from hermes_dist.voice.inputs.words import input_words


def agreement(session: Session, *, yes: bool, question: str = "Apply it?") -> Confirm:
    """Make a function that shows a proposal and asks for confirmation, unless ``--yes`` was given."""

    def confirm(proposal: Proposal) -> bool:
        preview(session, proposal, asking=not yes)
        asked = "Install it?" if proposal.new else question
        return yes or session.screen.confirm(asked)

    return confirm


def questions(session: Session, *, yes: bool) -> Questions:
    """The prompts shown after the plan is confirmed; none with ``--yes`` or without a terminal.

    ``--yes`` confirms file changes only; it never approves effects.
    """
    # ``--yes`` confirms file changes; what runs needs its own approval, from somebody who saw the
    # card.
    if yes or not session.screen.somebody:
        return Questions()
    asker = _Asker(session)
    return Questions(effects=asker.effects, variables=asker.variables, inputs=asker.input)


def with_inputs_of(session: Session, asked: Questions, *, yes: bool) -> Questions:
    """The same prompts, and those about inputs; without ``--yes`` and on a terminal."""
    if yes or not session.screen.somebody:
        return asked
    return replace(asked, inputs=_Asker(session).input)


def twins(session: Session) -> Callable[[Package, Sequence[Package]], bool] | None:
    """The prompt about a name that is easily mistaken for another; None if there is no terminal."""

    def ask(meant: Package, others: Sequence[Package]) -> bool:
        session.screen.prompt("This name is easily mistaken for another:")
        rows = [(each.name, str(each.source), each.description) for each in (meant, *others)]
        session.screen.table(("Name", "Source", "Description"), rows, beside=True)
        return session.screen.confirm(f"Is {clean(meant.name)} the one you mean?", "--accept-name")

    if not session.screen.somebody:
        return None
    return ask


def given(session: Session, assignments: Sequence[str], file: str) -> Given:
    """Read ``--env`` and ``--env-file``, and warn about lines that are ignored.

    Raises:
        UsageError: A value is missing or does not fit on one line.
    """
    found = gather(session.ctx, assignments, file)
    for line in found.warnings:
        session.screen.warn(line)
    return found


class _Asker:
    """Asks on the terminal."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def effects(self, proposal: Proposal) -> bool:
        """Ask whether the effects on the card may run at once; of a long card, all of it is shown first."""
        effects_in_full(self.session, proposal)
        self.session.screen.prompt(asked_words(proposal))
        return self.session.screen.confirm("Let it run these now?", "--allow-effects")

    def input(self, question: InputQuestion) -> str:
        """Ask for the answer to an input of the package; Enter takes the suggestion."""
        screen = self.session.screen
        if question.wrong:
            screen.warn(clean(question.wrong))
        else:
            for line in input_words(question):
                screen.prompt(line)
        shown = f" [{clean(question.suggested)}]" if question.suggested else ""
        return screen.read(f"  {question.name}{shown}: ", hidden=question.secret).strip()

    def variables(self, proposal: Proposal) -> Mapping[str, str]:
        """Ask for missing values. Enter always skips; the suggested value is taken only by typing ``=``."""
        values: dict[str, str] = {}
        if proposal.unfilled:
            self.session.screen.prompt("What you type for .env is not shown; Enter skips.")
        for item in proposal.unfilled:
            if value := self._wanted(item.var):
                values[item.var.name] = value
        return values

    def _wanted(self, var: EnvVar) -> str:
        default = review.default_of(var)
        prompt = f"  {var.name}"
        if var.description:
            prompt += f" ({clean(var.description)})"
        if default:
            prompt += f" [= takes {clean(default)}]"
        typed = self._value(var.name, f"{prompt}: ")
        if default and typed == "=":
            return default
        return typed

    def _value(self, name: str, prompt: str) -> str:
        while True:
            value = self.session.screen.read(prompt, hidden=True).strip()
            try:
                return single_line(name, value)
            except UsageError as error:
                self.session.screen.warn(clean(error.what))
