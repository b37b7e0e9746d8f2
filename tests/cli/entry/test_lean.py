"""What libraries put off in a process of ours, and that nobody else notices."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_LEAN = "from hermes_dist.cli.entry.lean import load_less; load_less()\n"
_COUNT = """
import re, sys
compiled = []
real = re._compiler.compile
def compile(text, flags=0):
    compiled.append(text)
    return real(text, flags)
re._compiler.compile = compile
"""


def _run(code: str) -> object:
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _compiled(library: str, start: str = _LEAN) -> object:
    code = f"{start}{_COUNT}import json, importlib\nimportlib.import_module({library!r})\n"
    return _run(f"{code}print(json.dumps(len(compiled)))")


def test_loading_yaml_compiles_no_pattern() -> None:
    lean = _compiled("yaml")
    usual = _compiled("yaml", "import hermes_dist\n")
    assert isinstance(lean, int)
    assert isinstance(usual, int)
    assert usual - lean >= 8


_USE: dict[str, tuple[str, object]] = {
    "datetime": (
        (
            "[datetime.datetime.strptime('2020-02', '%Y-%m').replace(tzinfo=datetime.UTC).isoformat(),"
            " str(pickle.loads(pickle.dumps(datetime.timedelta(days=2)))), datetime.date.__module__,"
            " copy.deepcopy(datetime.time(3)).hour]"
        ),
        ["2020-02-01T00:00:00+00:00", "2 days, 0:00:00", "datetime", 3],
    ),
    "calendar": ("calendar.LocaleTextCalendar(locale='C').formatweekday(0, 9).strip()", "Monday"),
    "dataclasses": (
        "[(made := dataclasses.make_dataclass('P', [('x', 'int')])) and repr(made(1)), made(1) == made(1)]",
        ["P(x=1)", True],
    ),
    "locale": ("locale.format_string('%d of %s', (3, 'x'))", "3 of x"),
    "pathlib": (
        (
            "[pathlib.Path('/a b').as_uri(), pathlib.PureWindowsPath('C:/A') == pathlib.PureWindowsPath('c:/a'),"
            " pathlib.PurePath('a/b.py').match('b.*'), [*map(str, pathlib.Path('/').glob('et[c]'))]]"
        ),
        ["file:///a%20b", True, True, ["/etc"]],
    ),
    "msgspec": (
        (
            "[msgspec.json.schema(int), type(msgspec.inspect.type_info(int)).__name__, msgspec.json.decode(b'1'),"
            " msgspec.toml.decode('a = 1'), msgspec.yaml.decode('[1]'), msgspec.msgpack.decode(b'\\x01'),"
            " msgspec.convert({'x': 1}, __import__('dataclasses').make_dataclass('P', [('x', 'int')])).x]"
        ),
        [{"type": "integer"}, "IntType", 1, {"a": 1}, [1], 1, 1],
    ),
    "subprocess": ("subprocess.run(['echo', 'ö'], capture_output=True, text=True).stdout", "ö\n"),
    "urllib.parse": (
        "[urllib.parse.urlsplit(f'http://{host}/').hostname for host in ('[::1]:8', '[v1.x]', 'a.b')]",
        ["::1", "v1.x", "a.b"],
    ),
    "uuid": ("str(uuid.UUID(int=1))", "00000000-0000-0000-0000-000000000001"),
    "platform": ("bool(platform.platform())", True),
    "textwrap": (
        "[textwrap.wrap('to-day or so', 6), textwrap.dedent('  a\\n  b')]",
        [["to-day", "or so"], "a\nb"],
    ),
    "yaml.constructor": (
        "str(yaml.load('2020-01-02T03:04:05Z', yaml.SafeLoader))",
        "2020-01-02 03:04:05+00:00",
    ),
    "yaml.reader": ("yaml.load('a: [b, \"c\"]', yaml.SafeLoader)", {"a": ["b", "c"]}),
    "yaml.resolver": (
        "yaml.load('[1, 2.5, yes, ~, 0x1f, 1:30]', yaml.SafeLoader)",
        [1, 2.5, True, None, 31, 90],
    ),
}


@pytest.mark.parametrize("library", sorted(_USE))
def test_a_library_works_as_it_always_does(library: str) -> None:
    use, right = _USE[library]
    code = f"{_LEAN}import copy, json, pickle, yaml, {library}\nprint(json.dumps({use}))"
    assert _run(code) == right


def test_what_yaml_cannot_print_is_refused_as_always() -> None:
    code = (
        f"{_LEAN}import yaml\ntry:\n    yaml.load('a: \\x07', yaml.SafeLoader)\n"
        "except yaml.YAMLError as error:\n    print('\"' + type(error).__name__ + '\"')"
    )
    assert _run(code) == "ReaderError"


def test_paths_are_loaded_without_what_few_of_them_need() -> None:
    code = f"{_LEAN}import sys, pathlib\nfound = [n for n in ('re', 'urllib.parse', 'fnmatch', 'ntpath') if n in sys.modules]"
    assert _run(f"{code}\nimport json; print(json.dumps(found))") == []


def test_programs_and_values_are_loaded_without_what_few_of_them_need() -> None:
    code = f"{_LEAN}import sys, subprocess, msgspec\nmsgspec.json.encode(1)\n"
    left_out = ("locale", "selectors", "threading", "platform", "textwrap", "msgspec.inspect")
    left_out += ("msgspec.msgpack", "msgspec.toml", "msgspec.yaml")
    code += f"found = [n for n in {left_out} if n in sys.modules]"
    assert _run(f"{code}\nimport json; print(json.dumps(found))") == []


def test_values_are_loaded_without_the_classes_of_syntax_trees() -> None:
    count = "sum(kind.__module__ == 'ast' for kind in object.__subclasses__())"
    code = f"{_LEAN}import json, typing, msgspec\nbefore = {count}\ntyping.ForwardRef('A')\n"
    assert _run(f"{code}print(json.dumps([before, {count}]))") == [0, 1]


def test_times_of_jobs_are_worded_without_what_takes_programs_apart() -> None:
    code = f"{_LEAN}import sys\nfrom cronsim.explain import explain\n"
    code += "words = explain('30 7 * * 1')\nimport json\n"
    code += "print(json.dumps([words, 'inspect' in sys.modules, 'locale' in sys.modules]))"
    assert _run(code) == ["At 07:30 on Monday", False, False]


def test_every_other_module_has_the_usual_patterns() -> None:
    code = f"{_LEAN}import json, re, yaml, textwrap, shlex\n"
    code += "print(json.dumps([isinstance(re.compile('a'), re.Pattern), isinstance(shlex._find_unsafe.__self__, re.Pattern)]))"
    assert _run(code) == [True, True]


def test_a_second_call_changes_nothing() -> None:
    code = f"{_LEAN}{_LEAN}import json, sys\nprint(json.dumps(len([f for f in sys.meta_path if 'lean' in str(f)])))"
    assert _run(code) == 1


def test_only_msgspec_does_without_typing_extensions() -> None:
    code = (
        f"{_LEAN}import json, sys, msgspec\nbefore = 'typing_extensions' in sys.modules\n"
        "try:\n    import typing_extensions\n    after = True\n"
        "except ModuleNotFoundError:\n    after = False\nprint(json.dumps([before, after]))"
    )
    assert _run(code) == [False, True]
