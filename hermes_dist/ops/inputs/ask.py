"""Find an answer to each input of a package: given with the command, remembered, asked for, or the author's default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.errors import AnswerNeeded, Invalid, UsageError, quoted
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.lock_package import InputAnswer, InputValue
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.request import InputQuestion, Request
from hermes_dist.ops.change.variables import variables_in
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home

with later():
    from hermes_dist.decide.inputs.declared import Input, accepted, declared_by, fits, rules_of
    from hermes_dist.decide.inputs.timed import Timed, misfit, timed_in
    from hermes_dist.decide.inputs.typed import shown
    from hermes_dist.ops.inputs.rows import InputRow, row_of

_RULES_OF_TIMES = "a schedule, such as every 2h or 0 9 * * 1"
"""What an answer has to be that goes into a schedule by itself."""


class Answered(NamedTuple):
    """A package with the answers to its inputs, and the request with the variables that answers go to."""

    fetched: Fetched
    request: Request


def with_inputs(ctx: Context, fetched: Fetched, home: Home, request: Request) -> Answered:
    """Add the answers to the inputs of a package and of its layers, if there are any.

    Args:
        ctx: The context.
        fetched: The package, with its layers.
        home: The home it goes to.
        request: The options of the command.

    Raises:
        UsageError: An answer is given to an input that does not exist.
        AnswerNeeded: An input has neither answer nor default, and nobody can be asked.
        Invalid: An answer does not fit, or the manifest says something about inputs that can't be read.
    """
    inputs = _inputs(fetched)
    if not request.choices.answering.partly:
        _check_names(fetched, inputs, request.choices.inputs)
    if not inputs:
        return Answered(replace(fetched, inputs=()), request)
    found = answers_to(inputs, home, request, _timed(ctx, fetched))
    return Answered(replace(fetched, inputs=found.answers, asks=found.rows), found.request)


class Found(NamedTuple):
    """The answers to some inputs.

    Attributes:
        answers: The answers.
        rows: Each input with its answer.
        request: The request with the variables that answers go to.
    """

    answers: tuple[InputAnswer, ...]
    rows: tuple[InputRow, ...]
    request: Request


def answers_to(
    inputs: Mapping[str, list[Input]], home: Home, request: Request, timed: tuple[Timed, ...]
) -> Found:
    """Find the answers to some inputs.

    Args:
        inputs: The inputs by name; one that several packages have is asked once.
        home: The home they are for.
        request: The options of the command.
        timed: The schedules that answers go into.

    Raises:
        AnswerNeeded: An input has neither answer nor default, and nobody can be asked.
        Invalid: An answer does not fit.
    """
    defaults = {name: group[0].default for name, group in inputs.items()}
    times = _Times(timed, {name: one for name, one in defaults.items() if one is not None})
    search = _Search(home, request, times)
    found = [search.answer(group) for group in inputs.values()]
    answers = tuple(_recorded(search, found))
    env = replace(request.env, values={**_variables(search, found), **request.env.values})
    known = {one.name: one for one in answers}
    rows = tuple(row_of(item, known.get(item.name), search.rules(item)) for item, _ in found)
    return Found(answers, rows, replace(request, env=env))


def _recorded(
    search: _Search, found: Iterable[tuple[Input, InputValue | None]]
) -> Iterator[InputAnswer]:
    """The answers as a lock records them: of a secret, only that there is one."""
    for item, value in found:
        if value is not None or search.is_there(item):
            yield InputAnswer(item.name, None if item.secret else value)


def _timed(ctx: Context, fetched: Fetched) -> tuple[Timed, ...]:
    """Find the schedules of a package and of its layers that answers go into."""
    read, stack = ctx.store.read, fetched.stack
    trees = [(fetched.offer.tree, declared_by(fetched.manifest))]
    if stack is not None:
        trees += [(layer.tree, stack.inputs.get(layer.name, ())) for layer in stack.layers]
    return tuple(
        one
        for tree, items in trees
        for one in timed_in(tree, {item.name for item in items if not item.secret}, read)
    )


def _variables(
    search: _Search, found: Iterable[tuple[Input, InputValue | None]]
) -> Mapping[str, str]:
    """The variables to write: what was answered before is in ``.env`` already, and counts as it is there by now."""
    return {
        item.env: shown(value)
        for item, value in found
        if item.env and value is not None and search.is_new(item)
    }


def _inputs(fetched: Fetched) -> Mapping[str, list[Input]]:
    """The inputs by name; several packages of a stack may have one of the same name, and get the same answer."""
    groups: dict[str, list[Input]] = {}
    stack = fetched.stack
    for item in declared_by(fetched.manifest) if fetched.manifest.inputs is not None else ():
        groups.setdefault(item.name, []).append(item)
    for items in stack.inputs.values() if stack else ():
        for item in items:
            groups.setdefault(item.name, []).append(item)
    return groups


def _check_names(fetched: Fetched, known: Iterable[str], given: Iterable[str]) -> None:
    known = tuple(known)
    for name in given:
        if name not in known:
            label = fetched.manifest.name
            hint = f"its inputs are {', '.join(known)}" if known else "it has no inputs"
            raise UsageError(f"{label} has no input {quoted(name, 80)}", hint=hint)


def _how_to_answer(item: Input) -> str:
    """Name the option for an answer: a secret on a command line stays in the history of the shell."""
    return f"--set-file {item.name}=FILE" if item.secret else f"--set {item.name}=VALUE"


class _Times:
    """The schedules that answers go into, and the answers so far.

    Args:
        timed: The schedules.
        values: The answers that count if nobody gives others.
    """

    def __init__(self, timed: tuple[Timed, ...], values: Mapping[str, InputValue]) -> None:
        self._timed = timed
        self._values = dict(values)

    def is_time(self, item: Input) -> bool:
        """Whether an answer is a schedule by itself."""
        return any(item.name in one.names and one.whole for one in self._timed)

    def fits(self, item: Input, value: InputValue) -> bool:
        """Return whether an answer makes a schedule, if it goes into one."""
        return misfit(self._timed, item.name, {**self._values, item.name: value}) is None

    def checked(self, item: Input, value: InputValue) -> InputValue:
        """Return an answer that goes into no schedule, or makes one.

        Raises:
            Invalid: It makes none that the agent knows.
        """
        error = misfit(self._timed, item.name, {**self._values, item.name: value})
        if error is not None:
            raise Invalid(
                f"the answer does not fit: {error.what}",
                where=f"input {item.name}",
                hint=f"{error.hint}; give it with --set {item.name}=VALUE",
            )
        return value

    def add(self, item: Input, value: InputValue) -> None:
        """Remember an answer for the schedules that others go into, too."""
        self._values[item.name] = value


class _Search:
    """Looks for the answers to inputs, in the order in which they count."""

    def __init__(self, home: Home, request: Request, times: _Times) -> None:
        self._times = times
        self._given = request.choices.inputs
        self._request = request
        lock = home.lock
        self._remembered = {one.name: one for one in lock.inputs} if lock else {}
        self._env = variables_in(home.path)

    def is_new(self, item: Input) -> bool:
        """Whether an input was not answered before, or is answered anew with the command."""
        return item.name not in self._remembered or item.name in self._given

    def is_there(self, item: Input) -> bool:
        """Whether a secret is in the home's ``.env`` already."""
        return item.secret and (item.name in self._remembered or item.env in self._env)

    def answer(self, group: list[Input]) -> tuple[Input, InputValue | None]:
        """Find the answer to an input; None for a secret that is in ``.env`` already, or that waits in a dry run.

        Args:
            group: The input, as each package of the stack that has it declares it; the first one asks.

        Raises:
            AnswerNeeded: There is none, and nobody can be asked.
            Invalid: The answer does not fit.
        """
        item = group[0]
        value = self._answer(item)
        if value is not None:
            self._times.add(item, value)
            for other in group[1:]:
                accepted(other, shown(value))
        return item, value

    def _answer(self, item: Input) -> InputValue | None:
        if item.name in self._given:
            if item.secret and item.name in self._request.choices.answering.clear:
                raise Invalid(
                    "its answer is a secret, and does not belong into a file that others read",
                    where=f"input {item.name}",
                    hint="name there where it is, such as env:NAME",
                )
            return self._times.checked(item, accepted(item, self._given[item.name]))
        if item.secret:
            known = self.is_there(item) or item.env in self._request.env.values
            return None if known else self._asked(item, None)
        before, remembered = self._before(item), self._remembered.get(item.name)
        if remembered is not None and before is not None and before == remembered.value:
            return before
        return self._asked(item, before)

    def _before(self, item: Input) -> InputValue | None:
        """The answer that counts without asking, or is suggested: remembered, or the home's variable."""
        remembered = self._remembered.get(item.name)
        value = remembered.value if remembered is not None else None
        if value is not None and fits(item, value) and self._times.fits(item, value):
            return value
        try:
            return accepted(item, self._env[item.env]) if item.env in self._env else None
        except Invalid:
            return None

    def _asked(self, item: Input, before: InputValue | None) -> InputValue | None:
        suggested = item.default if before is None else before
        ask = self._request.questions.inputs
        if ask is not None and not self._request.dry_run:
            return self._typed(item, suggested, ask)
        # A remembered answer that fits no more is not exchanged for the author's default unseen.
        again = item.name in self._remembered
        if suggested is not None and not again:
            return suggested
        if self._request.dry_run and not self._request.choices.answering.all:
            return None
        why = f" ({item.description})" if item.description else ""
        what = "the answer does not fit any more" if again else "an answer is needed"
        raise AnswerNeeded(
            f"{what}{why}",
            where=f"input {item.name}",
            hint=f"pass {_how_to_answer(item)}; it has to be: {self.rules(item)}",
        )

    def rules(self, item: Input) -> str:
        """Say in a few words what an answer has to be."""
        timed = self._times.is_time(item) and not item.limits.choices
        return _RULES_OF_TIMES if timed else rules_of(item)

    def _typed(
        self, item: Input, suggested: InputValue | None, ask: Callable[[InputQuestion], str]
    ) -> InputValue:
        """Ask until an answer fits; nothing typed takes the suggestion."""
        wrong = ""
        while True:
            question = InputQuestion(
                name=item.name,
                description=item.description,
                rules=self.rules(item),
                suggested=None if suggested is None else shown(suggested),
                secret=item.secret,
                wrong=wrong,
            )
            text = ask(question)
            if not text and suggested is not None:
                return suggested
            try:
                if not text:
                    raise Invalid("an answer is needed")
                return self._times.checked(item, accepted(item, text))
            except Invalid as error:
                wrong = error.what
