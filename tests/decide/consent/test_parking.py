"""Parking: parts of one tree put back to what another has there, and everything else left alone."""

from __future__ import annotations

from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.consent.parking import park, put_back
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.keypath import Item, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

CONFIG = RelPath("config.yaml")


def put(shelf: Shelf, target: Tree, source: Tree, *places: tuple[str, str]) -> Tree:
    done = put_back(target, source, [(RelPath(path), key) for path, key in places], shelf.read)
    shelf.update(done.blobs)
    return done.tree


def test_a_file_goes_back_whole_whether_changed_added_or_deleted() -> None:
    shelf = Shelf()
    source = shelf.tree({"a.md": "old", "gone.md": "x", "stays.md": "1"})
    target = shelf.tree({"a.md": "new", "added.md": "y", "stays.md": "2"})
    assert shelf.files(
        put(shelf, target, source, ("a.md", ""), ("gone.md", ""), ("added.md", ""))
    ) == {
        "a.md": "old",
        "gone.md": "x",
        "stays.md": "2",
    }


def test_a_folder_goes_back_with_all_that_is_in_it_and_its_namesake_stays() -> None:
    shelf = Shelf()
    source = shelf.tree({"hooks/x/HOOK.yaml": "1", "hooks/x/old.py": "1"})
    target = shelf.tree(
        {"hooks/x/HOOK.yaml": "2", "hooks/x/new.py": "2", "hooks/xy/HOOK.yaml": "2"}
    )
    back = put(shelf, target, source, ("hooks/x", ""))
    assert shelf.files(back) == {
        "hooks/x/HOOK.yaml": "1",
        "hooks/x/old.py": "1",
        "hooks/xy/HOOK.yaml": "2",
    }


def test_a_key_goes_back_and_every_byte_around_it_stays() -> None:
    shelf = Shelf()
    source = shelf.tree({"config.yaml": "a: 1\nb: 1\n"})
    target = shelf.tree({"config.yaml": "# theirs\na: 2 # two\nb: 2\nc: 3\n"})
    assert (
        shelf.text(put(shelf, target, source, ("config.yaml", "a")), "config.yaml")
        == "# theirs\na: 1 # two\nb: 2\nc: 3\n"
    )
    assert (
        shelf.text(put(shelf, target, source, ("config.yaml", "c")), "config.yaml")
        == "# theirs\na: 2 # two\nb: 2\n"
    )


def test_a_key_of_a_file_that_was_not_there_is_taken_out_of_it() -> None:
    shelf = Shelf()
    target = shelf.tree({"config.yaml": "a: 1\nmcp_servers:\n  s: {command: x}\n"})
    assert (
        shelf.text(put(shelf, target, EMPTY, ("config.yaml", "mcp_servers.s")), "config.yaml")
        == "a: 1\n"
    )


def test_a_file_that_is_not_there_and_one_that_is_the_same_have_no_key_to_put_back() -> None:
    shelf = Shelf()
    source = shelf.tree({"config.yaml": "a: 1\n"})
    assert put(shelf, EMPTY, source, ("config.yaml", "a")) == EMPTY
    assert (
        put_back(source, source, [(CONFIG, "a")], {}.__getitem__).tree == source
    )  # nothing was read


def test_the_whole_file_counts_more_than_a_key_of_it() -> None:
    shelf = Shelf()
    source, target = (
        shelf.tree({"config.yaml": "a: 1\n"}),
        shelf.tree({"config.yaml": "a: 2\nb: 2\n"}),
    )
    assert put(shelf, target, source, ("config.yaml", "a"), ("config.yaml", "")) == source


def test_where_a_key_can_not_be_put_back_the_whole_file_goes_back() -> None:
    shelf = Shelf()
    for path, content in (("config.yaml", "a: [\n"), ("notes.md", "a: 2\n")):
        source, target = shelf.tree({path: "a: 1\n"}), shelf.tree({path: content})
        assert put(shelf, target, source, (path, "a")) == source
        assert put(shelf, target, EMPTY, (path, "a")) == EMPTY


def test_a_file_keeps_the_mode_that_it_is_offered_with() -> None:
    shelf = Shelf()
    source, target = (
        shelf.tree({"config.yaml": "a: 1\n"}),
        shelf.tree({"config.yaml": "a: 2\nb: 2\n"}),
    )
    target = Tree({CONFIG: Entry(target[CONFIG].digest, executable=True)})
    assert put(shelf, target, source, ("config.yaml", "a"))[CONFIG].executable


def test_fields_of_a_job_that_say_the_same_are_parked_together() -> None:
    def jobs(**fields: object) -> dict[str, object]:
        return {"cron/jobs.json": {"jobs": [{"id": "0" * 12, "name": "n", **fields}]}}

    shelf = Shelf()
    base = shelf.tree(jobs(skills=["a"], skill="a", prompt="p"))
    theirs = shelf.tree(jobs(skills=["b"], skill="b", prompt="q"))
    key = format_key(("jobs", Item("id", "0" * 12), "skills"))
    effect = Effect(EffectKind.SCHEDULES, RelPath("cron/jobs.json"), key, (), Digest.of(b""))
    parked = park(theirs, base, [effect], shelf.read)
    shelf.update(parked.blobs)
    (job,) = shelf.jobs(parked.tree)
    assert (job["skills"], job["skill"], job["prompt"]) == (["a"], "a", "q")


_DATA = st.dictionaries(
    st.sampled_from("abc"),
    st.sampled_from([1, 2, "x", None])
    | st.dictionaries(st.sampled_from("de"), st.sampled_from([1, 2]), min_size=1),
)


@settings(max_examples=examples(150), deadline=None)
@given(_DATA, _DATA, st.sets(st.sampled_from(["a", "b.d", "c"])))
def test_law_each_key_says_what_the_source_says_and_all_others_what_the_target_says(
    before: dict[str, object], after: dict[str, object], keys: set[str]
) -> None:
    shelf = Shelf()
    source, target = shelf.tree({"x.json": before}), shelf.tree({"x.json": after})
    back = load_data(
        shelf.bytes_of(put(shelf, target, source, *(("x.json", key) for key in keys)), "x.json"),
        Kind.JSON,
    )
    assert isinstance(back, dict)
    for name in "abc":
        wanted = before if name in keys else after
        if name == "b" and "b.d" in keys:
            assert _inner(back, "d") == _inner(before, "d")
        else:
            assert back.get(name, ...) == wanted.get(name, ...)


def _inner(data: dict[str, object], key: str) -> object:
    inner = data.get("b")
    return inner.get(key, ...) if isinstance(inner, dict) else ...


def test_a_key_of_a_skill_and_its_body_go_back_each_without_the_other() -> None:
    shelf = Shelf()
    skill = "skills/a/SKILL.md"
    source = shelf.tree({skill: "---\nname: old\n---\nOld.\n"})
    target = shelf.tree({skill: "---\n# theirs\nname: new\ntags: [x]\n---\nNew.\n"})
    name, body = (put(shelf, target, source, (skill, key)) for key in ("name", "[part=body]"))
    assert shelf.text(name, skill) == "---\n# theirs\nname: old\ntags: [x]\n---\nNew.\n"
    assert shelf.text(body, skill) == "---\n# theirs\nname: new\ntags: [x]\n---\nOld.\n"
    bare = shelf.tree({skill: "Old.\n"})
    assert put(shelf, target, bare, (skill, "name")) == bare
