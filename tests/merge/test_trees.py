"""The merge of trees: its rules one by one, and its laws on generated trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from budget import examples
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.merge.trees import Favour, TreeMerge, leave_open, merge_trees
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Tree
from hermes_dist.voice.notes import sentences

LAW = settings(max_examples=examples(2_000), deadline=None)
Files = Mapping[str, str | bytes]


class Store:
    """Contents by digest, and trees made of them."""

    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}

    def tree(self, files: Files, executable: frozenset[str] = frozenset()) -> Tree:
        entries = {}
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            digest = Digest.of(data)
            self.blobs[digest] = data
            entries[RelPath(path)] = Entry(digest, path in executable)
        return Tree(entries)

    def read(self, digest: Digest) -> bytes:
        if digest not in self.blobs:
            raise Invalid(f"no content {digest}")
        return self.blobs[digest]

    def merge(self, base: Tree, ours: Tree, theirs: Tree, favour: Favour = leave_open) -> TreeMerge:
        merged = merge_trees(base, ours, theirs, self.read, favour)
        self.blobs.update(merged.blobs)
        return merged

    def files(self, tree: Tree) -> dict[str, str]:
        return {
            str(path): self.read(entry.digest).decode("latin-1") for path, entry in tree.items()
        }


def merged(
    base: Files, ours: Files, theirs: Files, favour: Favour = leave_open
) -> tuple[dict[str, str], list[Conflict]]:
    store = Store()
    result = store.merge(store.tree(base), store.tree(ours), store.tree(theirs), favour)
    return store.files(result.tree), list(result.conflicts)


def always(side: Side) -> Favour:
    return lambda _path, _key: side


LONG = "".join(f"line {n}\n" for n in range(12))


# ------------------------------------------------------------------------------------------ presence and mode


def test_what_upstream_adds_comes_and_what_it_removes_goes() -> None:
    assert merged({"a.md": "a\n"}, {"a.md": "a\n"}, {"b.md": "b\n"}) == ({"b.md": "b\n"}, [])


def test_a_file_that_the_user_deleted_stays_deleted() -> None:
    assert merged({"a.md": "a\n"}, {}, {"a.md": "a\n"}) == ({}, [])


def test_a_deleted_file_that_upstream_edited_is_a_conflict_and_stays_deleted() -> None:
    assert merged({"a.md": "a\n"}, {}, {"a.md": "b\n"}) == (
        {},
        [Conflict(RelPath("a.md"), "", "delete/edit")],
    )


def test_an_edited_file_that_upstream_deleted_is_a_conflict_and_stays() -> None:
    found = merged({"a.md": "a\n"}, {"a.md": "b\n"}, {})
    assert found == ({"a.md": "b\n"}, [Conflict(RelPath("a.md"), "", "edit/delete")])


def test_both_delete_and_it_is_gone() -> None:
    assert merged({"a.md": "a\n"}, {}, {}) == ({}, [])


def test_both_add_the_same_bytes_without_a_conflict_binary_or_not() -> None:
    assert merged({}, {"a.bin": b"\0x"}, {"a.bin": b"\0x"}) == ({"a.bin": "\0x"}, [])


def test_an_equal_binary_added_with_another_mode_is_no_conflict() -> None:
    store = Store()
    ours, theirs = store.tree({"a.bin": b"\0"}), store.tree({"a.bin": b"\0"}, frozenset({"a.bin"}))
    result = store.merge(Tree(), ours, theirs)
    assert (result.tree, result.conflicts, result.base) == (ours, (), theirs)


def test_mode_and_content_merge_apart() -> None:
    store = Store()
    base = store.tree({"run.sh": LONG})
    ours = store.tree({"run.sh": LONG + "mine\n"})
    theirs = store.tree({"run.sh": "theirs\n" + LONG}, frozenset({"run.sh"}))
    result = store.merge(base, ours, theirs)
    assert store.files(result.tree) == {"run.sh": f"theirs\n{LONG}mine\n"}
    assert result.tree[RelPath("run.sh")].executable
    assert store.merge(base, theirs, ours).tree[RelPath("run.sh")].executable


def test_a_mode_of_the_users_stays_on_a_binary_that_upstream_changed() -> None:
    store = Store()
    base = store.tree({"a.bin": b"\0a"})
    ours = store.tree({"a.bin": b"\0a"}, frozenset({"a.bin"}))
    result = store.merge(base, ours, store.tree({"a.bin": b"\0b"}))
    assert (store.files(result.tree), result.conflicts) == ({"a.bin": "\0b"}, ())
    assert result.tree[RelPath("a.bin")].executable


def test_two_new_binaries_at_one_path_are_a_conflict_and_ours_stays() -> None:
    found = merged({}, {"a.png": b"\0b"}, {"a.png": b"\0c"})
    assert found == ({"a.png": "\0b"}, [Conflict(RelPath("a.png"), "", "add/add")])


def test_a_document_that_can_t_merge_by_key_says_so_with_its_path() -> None:
    store = Store()
    base, ours = store.tree({"x.yaml": "a: [\n"}), store.tree({"x.yaml": "a: [\nb\n"})
    result = store.merge(base, ours, store.tree({"x.yaml": "c\na: [\n"}))
    assert store.files(result.tree) == {"x.yaml": "c\na: [\nb\n"}
    (note,) = sentences(result.notes)
    assert note.startswith("x.yaml: merged as text")


def test_a_binary_that_both_changed_is_a_conflict_and_ours_stays() -> None:
    found = merged({"a.png": b"\0a"}, {"a.png": b"\0b"}, {"a.png": b"\0c"})
    assert found == ({"a.png": "\0b"}, [Conflict(RelPath("a.png"), "", "edit/edit")])


def test_both_brings_back_what_one_side_deleted_and_the_other_edited() -> None:
    both = always(Side.BOTH)
    assert merged({"a.md": "a\n"}, {}, {"a.md": "b\n"}, both) == ({"a.md": "b\n"}, [])
    assert merged({"a.md": "a\n"}, {"a.md": "b\n"}, {}, both) == ({"a.md": "b\n"}, [])


def test_both_of_two_binaries_is_ours_and_base_moves_on() -> None:
    store = Store()
    base, ours, theirs = (store.tree({"a.png": data}) for data in (b"\0a", b"\0b", b"\0c"))
    result = store.merge(base, ours, theirs, always(Side.BOTH))
    assert (result.tree, result.base, result.conflicts) == (ours, theirs, ())


def test_a_whole_file_in_conflict_keeps_its_old_base_until_a_side_settles_it() -> None:
    store = Store()
    base = store.tree({"cut.md": "a\n", "kept.md": "a\n", "x.png": b"\0a"})
    ours = store.tree({"kept.md": "b\n", "x.png": b"\0b"})
    theirs = store.tree({"cut.md": "c\n", "x.png": b"\0c"})
    still_open = store.merge(base, ours, theirs)
    assert (still_open.base, len(still_open.conflicts)) == (base, 3)
    for side in Side:
        settled = store.merge(still_open.base, still_open.tree, theirs, always(side))
        assert (settled.base, settled.conflicts) == (theirs, ())


def test_what_both_sides_of_a_new_file_agree_on_is_remembered_while_the_rest_is_open() -> None:
    store = Store()
    ours = store.tree({"config.yaml": "same: 1\nmodel: mine\n"})
    theirs = store.tree({"config.yaml": "same: 1\nmodel: theirs\nnew: 1\n"})
    result = store.merge(Tree(), ours, theirs)
    assert [c.key for c in result.conflicts] == ["model"]
    assert store.files(result.base) == {"config.yaml": "same: 1\nnew: 1\n"}
    # Only because it is remembered can upstream take away again what it once brought.
    later = store.tree({"config.yaml": "model: theirs\n"})
    again = store.merge(result.base, result.tree, later)
    assert store.files(again.tree) == {"config.yaml": "model: mine\n"}
    assert [(c.key, c.kind) for c in again.conflicts] == [("model", "add/add")]


def test_of_two_new_files_without_a_common_line_nothing_is_remembered() -> None:
    store = Store()
    result = store.merge(Tree(), store.tree({"a.txt": "mine\n"}), store.tree({"a.txt": "theirs\n"}))
    assert (result.base, [c.kind for c in result.conflicts]) == (Tree(), ["add/add"])


def test_the_base_of_a_file_with_an_open_conflict_has_upstreams_mode() -> None:
    store = Store()
    base, ours = store.tree({"run.sh": "a\n"}), store.tree({"run.sh": "mine\n"})
    theirs = store.tree({"run.sh": "theirs\n"}, frozenset({"run.sh"}))
    result = store.merge(base, ours, theirs)
    assert (store.files(result.base), len(result.conflicts)) == ({"run.sh": "a\n"}, 1)
    assert result.base[RelPath("run.sh")].executable
    assert result.tree[RelPath("run.sh")].executable


def test_a_mode_that_both_sides_of_a_new_file_set_differently_stays_ours() -> None:
    store = Store()
    ours, theirs = store.tree({"a.sh": "a\n"}), store.tree({"a.sh": "b\n"}, frozenset({"a.sh"}))
    assert not store.merge(Tree(), ours, theirs).tree[RelPath("a.sh")].executable
    assert store.merge(Tree(), theirs, ours).tree[RelPath("a.sh")].executable


# ------------------------------------------------------------------------------------------------------ renames


def test_an_edit_follows_a_file_that_upstream_moved() -> None:
    found = merged(
        {"skills/a/x.md": LONG}, {"skills/a/x.md": LONG + "mine\n"}, {"skills/b/x.md": LONG}
    )
    assert found == ({"skills/b/x.md": f"{LONG}mine\n"}, [])


def test_an_edit_follows_a_file_that_upstream_moved_and_edited() -> None:
    found = merged({"a/x.md": LONG}, {"a/x.md": LONG + "mine\n"}, {"b/y.md": "theirs\n" + LONG})
    assert found == ({"b/y.md": f"theirs\n{LONG}mine\n"}, [])


def test_too_different_a_file_is_no_move() -> None:
    files, conflicts = merged(
        {"a/x.md": LONG}, {"a/x.md": LONG + "mine\n"}, {"b/x.md": "theirs\n" * 9}
    )
    assert files == {"a/x.md": f"{LONG}mine\n", "b/x.md": "theirs\n" * 9}
    assert conflicts == [Conflict(RelPath("a/x.md"), "", "edit/delete")]


def test_upstreams_edit_follows_a_file_that_the_user_moved() -> None:
    store = Store()
    base, ours = store.tree({"a/x.md": LONG}), store.tree({"mine/x.md": LONG})
    theirs = store.tree({"a/x.md": "theirs\n" + LONG})
    result = store.merge(base, ours, theirs)
    assert store.files(result.tree) == {"mine/x.md": "theirs\n" + LONG}
    assert (result.base, result.conflicts) == (theirs, ())


def test_a_file_that_the_user_moved_and_upstream_deleted_is_a_conflict_and_stays() -> None:
    store = Store()
    base, ours = store.tree({"a/x.md": LONG}), store.tree({"mine/x.md": LONG})
    result = store.merge(base, ours, Tree())
    assert (result.tree, result.base) == (ours, base)
    assert result.conflicts == (Conflict(RelPath("mine/x.md"), "", "edit/delete"),)
    assert store.merge(base, ours, Tree(), always(Side.THEIRS)).tree == Tree()
    assert store.merge(base, ours, Tree(), always(Side.OURS)).base == Tree()


def test_a_file_that_the_user_deleted_stays_deleted_when_upstream_moves_it() -> None:
    assert merged({"a/x.md": LONG}, {}, {"b/x.md": LONG}) == ({}, [])
    assert merged({"a/x.md": LONG}, {}, {"b/x.md": "theirs\n" + LONG}) == (
        {},
        [Conflict(RelPath("b/x.md"), "", "delete/edit")],
    )


def test_both_move_a_file_to_the_same_name() -> None:
    found = merged({"a/x.md": LONG}, {"b/x.md": LONG + "mine\n"}, {"b/x.md": "theirs\n" + LONG})
    assert found == ({"b/x.md": f"theirs\n{LONG}mine\n"}, [])


def test_a_file_that_both_moved_to_two_names_is_kept_twice_and_that_is_said() -> None:
    store = Store()
    result = store.merge(
        store.tree({"a.md": LONG}), store.tree({"mine.md": LONG}), store.tree({"new.md": LONG})
    )
    assert store.files(result.tree) == {"mine.md": LONG, "new.md": LONG}
    (note,) = sentences(result.notes)
    assert note.startswith("a.md: you moved it to mine.md, upstream to new.md; both are kept")
    again = store.merge(result.base, result.tree, store.tree({"new.md": LONG}))
    assert again.notes == ()


def test_two_files_moved_to_one_name_by_the_two_sides_are_a_conflict() -> None:
    one, two = LONG, LONG.replace("line", "word")
    files, conflicts = merged(
        {"a.md": one, "b.md": two}, {"a.md": one, "n.md": two}, {"n.md": one, "b.md": two}
    )
    assert files == {"n.md": two}
    assert [c.path for c in conflicts] == ["n.md"]


def test_the_users_own_files_go_along_when_upstream_renames_their_folder_whole() -> None:
    base = {"skills/old/SKILL.md": LONG, "skills/old/data/x.txt": "x\n"}
    ours = {**base, "skills/old/mine.md": "mine\n", "skills/old/data/own.txt": "own\n"}
    theirs = {"skills/new/SKILL.md": LONG, "skills/new/data/x.txt": "x\n"}
    files, conflicts = merged(base, ours, theirs)
    assert files == {**theirs, "skills/new/mine.md": "mine\n", "skills/new/data/own.txt": "own\n"}
    assert conflicts == []


def test_they_go_along_when_upstream_edited_and_thinned_out_the_folder_it_renamed() -> None:
    base = {
        "skills/old/SKILL.md": LONG,
        "skills/old/x.txt": "some x\n",
        "skills/old/gone.txt": "gone\n",
    }
    theirs = {"skills/new/SKILL.md": LONG + "more\n", "skills/new/x.txt": "some x\n"}
    files, conflicts = merged(base, {**base, "skills/old/mine.md": "mine\n"}, theirs)
    assert (files, conflicts) == ({**theirs, "skills/new/mine.md": "mine\n"}, [])


def test_the_users_own_files_stay_where_upstream_moved_only_a_part() -> None:
    base = {"a/x.md": LONG, "a/y.md": "y\n"}
    files, conflicts = merged(
        base, {**base, "a/mine.md": "mine\n"}, {"b/x.md": LONG, "a/y.md": "y\n"}
    )
    assert files == {"b/x.md": LONG, "a/y.md": "y\n", "a/mine.md": "mine\n"}
    assert conflicts == []


def test_upstreams_new_files_go_along_when_the_user_renamed_their_folder_whole() -> None:
    store = Store()
    base, ours = (
        store.tree({"skills/old/SKILL.md": LONG}),
        store.tree({"skills/mine/SKILL.md": LONG}),
    )
    theirs = store.tree({"skills/old/SKILL.md": LONG + "more\n", "skills/old/x.txt": "x\n"})
    result = store.merge(base, ours, theirs)
    assert store.files(result.tree) == {
        "skills/mine/SKILL.md": f"{LONG}more\n",
        "skills/mine/x.txt": "x\n",
    }
    assert (result.base, result.conflicts) == (theirs, ())
    again = store.merge(result.base, result.tree, theirs)
    assert (again.tree, again.base) == (result.tree, theirs)


def test_what_one_side_moved_into_a_folder_that_the_other_renamed_is_found_again_by_the_next_update() -> (
    None
):
    store = Store()
    other = LONG.replace("line", "word")
    base = store.tree({"m/more.md": other, "s/SKILL.md": LONG})
    ours = store.tree({"z/more.md": other, "s/SKILL.md": LONG + "mine\n"})
    theirs = store.tree({"m/more.md": other, "m/SKILL.md": LONG})
    once = store.merge(base, ours, theirs)
    assert store.files(once.tree) == {"z/more.md": other, "m/SKILL.md": f"{LONG}mine\n"}
    twice = store.merge(once.base, once.tree, theirs)
    assert (twice.tree, twice.base, twice.conflicts) == (once.tree, theirs, once.conflicts)


def test_own_files_never_replace_what_upstream_has_at_the_new_place() -> None:
    base = {"a/x.md": LONG}
    files, _ = merged(base, {**base, "a/y.md": "mine\n"}, {"b/x.md": LONG, "b/y.md": "theirs\n"})
    assert files == {"b/x.md": LONG, "b/y.md": "theirs\n", "a/y.md": "mine\n"}


# ------------------------------------------------------------------------------------------ file against folder


def test_a_file_of_upstream_on_the_users_folder_is_a_conflict_and_ours_stays() -> None:
    found = merged({}, {"a/mine.md": "mine\n"}, {"a": "file\n"})
    assert found == ({"a/mine.md": "mine\n"}, [Conflict(RelPath("a"), "", "file/folder")])


def test_a_folder_of_upstream_on_the_users_file_is_a_conflict_and_ours_stays() -> None:
    found = merged({}, {"a": "mine\n"}, {"a/x.md": "x\n", "a/b/y.md": "y\n"})
    assert found == (
        {"a": "mine\n"},
        [
            Conflict(RelPath("a/b/y.md"), "", "file/folder"),
            Conflict(RelPath("a/x.md"), "", "file/folder"),
        ],
    )


def test_file_against_folder_is_settled_by_a_side() -> None:
    assert merged({}, {"a/mine.md": "mine\n"}, {"a": "file\n"}, always(Side.THEIRS)) == (
        {"a": "file\n"},
        [],
    )
    assert merged({}, {"a": "mine\n"}, {"a/x.md": "x\n"}, always(Side.THEIRS)) == (
        {"a/x.md": "x\n"},
        [],
    )
    assert merged({}, {"a": "mine\n"}, {"a/x.md": "x\n"}, always(Side.OURS)) == (
        {"a": "mine\n"},
        [],
    )


def test_a_folder_taken_in_place_of_an_edited_file_settles_that_file_too() -> None:
    store = Store()
    base, ours = store.tree({"a": "a\n"}), store.tree({"a": "mine\n"})
    theirs = store.tree({"a/x.md": "x\n"})
    result = store.merge(
        base, ours, theirs, lambda path, _key: Side.THEIRS if path == "a/x.md" else None
    )
    assert (result.tree, result.base, result.conflicts) == (theirs, theirs, ())


def test_a_file_against_a_folder_keeps_its_old_base_so_that_the_conflict_comes_again() -> None:
    store = Store()
    for own, new in (({"a/mine.md": "mine\n"}, {"a": "f\n"}), ({"a": "mine\n"}, {"a/x.md": "x\n"})):
        ours, theirs = store.tree(own), store.tree(new)
        once = store.merge(Tree(), ours, theirs)
        assert (once.tree, once.base) == (ours, Tree())
        again = store.merge(once.base, once.tree, theirs)
        assert again.conflicts == once.conflicts != ()
        assert (again.tree, again.base) == (ours, Tree())


def test_a_file_that_upstream_turned_into_a_folder_beside_the_users_edit_keeps_its_old_base() -> (
    None
):
    store = Store()
    base, ours = store.tree({"a": "a\n"}), store.tree({"a": "mine\n"})
    theirs = store.tree({"a/x.md": "x\n"})
    result = store.merge(base, ours, theirs)
    assert (result.tree, result.base) == (ours, base)
    kinds = {str(c.path): c.kind for c in result.conflicts}
    assert kinds == {"a": "edit/delete", "a/x.md": "file/folder"}


def test_a_settled_file_against_a_folder_moves_base_on() -> None:
    store = Store()
    ours, theirs = store.tree({"a": "mine\n"}), store.tree({"a/x.md": "x\n"})
    for side in Side:
        assert store.merge(Tree(), ours, theirs, always(side)).base == theirs


def test_both_of_a_file_and_a_folder_is_ours_since_a_disk_can_t_hold_both() -> None:
    both = always(Side.BOTH)
    assert merged({}, {"a": "mine\n"}, {"a/x.md": "x\n"}, both) == ({"a": "mine\n"}, [])


def test_one_yes_to_upstreams_folder_lets_the_rest_of_it_in() -> None:
    asked: list[str] = []

    def once(path: RelPath, _key: str) -> Side | None:
        asked.append(path)
        return Side.THEIRS if path == "a/x.md" else None

    theirs = {"a/x.md": "x\n", "a/y.md": "y\n"}
    assert merged({}, {"a": "mine\n"}, theirs, once) == (theirs, [])
    assert asked == ["a/x.md"]


def test_upstream_may_turn_an_untouched_file_into_a_folder() -> None:
    assert merged({"a": "a\n"}, {"a": "a\n"}, {"a/x": "x\n"}) == ({"a/x": "x\n"}, [])


# --------------------------------------------------------------------------------------------------------- laws

PATHS = ("a.md", "b.txt", "d/a.md", "d/e/c.sh", "f/a.md", "f/c.bin", "g/e/k.md")
FRESH = ("n.md", "d/n.md", "d/e/n.txt", "g/n.md", "h/n.md", "a.md/x", "d/e", "f/sub/n.md")
FOLDERS = ("d", "d/e", "f", "g")


@dataclass
class Side3:
    """One generated tree: contents as lists of lines, bytes for what is binary."""

    files: dict[str, list[str] | bytes]
    executable: set[str] = field(default_factory=set)

    def copy(self) -> Side3:
        return Side3(
            {p: list(c) if isinstance(c, list) else c for p, c in self.files.items()},
            set(self.executable),
        )

    def fits(self, path: str) -> bool:
        taken = {
            *self.files,
            *("/".join(p.split("/")[:n]) for p in self.files for n in range(1, p.count("/") + 1)),
        }
        above = {"/".join(path.split("/")[:n]) for n in range(1, path.count("/") + 1)}
        return path not in taken and not above & self.files.keys()

    def tree(self, store: Store) -> Tree:
        files: Files = {
            p: "".join(f"{x}\n" for x in c) if isinstance(c, list) else c
            for p, c in self.files.items()
        }
        return store.tree(files, frozenset(self.executable))


@st.composite
def first_trees(draw: st.DrawFn) -> Side3:
    tree = Side3({})
    for path in draw(st.sets(st.sampled_from(PATHS), min_size=1, max_size=5)):
        if path.endswith(".bin"):
            tree.files[path] = f"\0{path}".encode()
        else:
            tree.files[path] = [
                f"{path} {n}" for n in range(draw(st.sampled_from([0, 1, 6, 6, 6])))
            ]
    tree.executable = {p for p in tree.files if p.endswith(".sh")}
    return tree


@st.composite
def edits(
    draw: st.DrawFn, base: Side3, word: str, *, moves: bool = True, deletes: bool = True
) -> Side3:
    """A side: up to four edits of a tree; ``word`` marks its lines, and sometimes both sides write the same."""
    tree = base.copy()
    kinds = (
        ["line", "line", "line", "add", "add", "mode", "binary"]
        + ["delete"] * deletes
        + ["move", "folder"] * moves
    )
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(kinds))
        word_now = draw(st.sampled_from([word, word, word, "both"]))
        if kind == "add":
            path = draw(st.sampled_from(FRESH))
            if tree.fits(path):
                tree.files[path] = [
                    f"{word_now} new {path} {n}" for n in range(draw(st.integers(1, 4)))
                ]
            continue
        if not tree.files:
            continue
        path = draw(st.sampled_from(sorted(tree.files)))
        content = tree.files[path]
        if kind == "line" and isinstance(content, list):
            at = draw(st.integers(0, len(content)))
            content[at : at + draw(st.integers(0, 1))] = [f"{word_now} {path} {number}"] * draw(
                st.integers(0, 1)
            )
        elif kind == "line":
            tree.files[path] = f"\0{word_now} {path}".encode()
        elif kind == "binary":
            tree.files[path] = f"\0{word_now} {path} {number}".encode()
        elif kind == "mode":
            tree.executable ^= {path}
        elif kind == "delete":
            del tree.files[path]
            tree.executable.discard(path)
        elif kind == "move":
            _move(tree, path, draw(st.sampled_from(("m.md", "d/m.md", "z/m.md"))))
        elif kind == "folder":
            old, new = draw(st.sampled_from(FOLDERS)), draw(st.sampled_from(("z", "z/y", "f2")))
            for inside in [p for p in tree.files if p.startswith(f"{old}/")]:
                _move(tree, inside, f"{new}{inside[len(old) :]}")
    return tree


def _move(tree: Side3, old: str, new: str) -> None:
    content = tree.files.pop(old)
    if not tree.fits(new):
        tree.files[old] = content
        return
    tree.files[new] = content
    if old in tree.executable:
        tree.executable = (tree.executable - {old}) | {new}


@dataclass(repr=False)
class Three:
    """Three generated trees in a store."""

    store: Store
    base: Tree
    ours: Tree
    theirs: Tree
    more: tuple[Tree, ...] = ()

    def __repr__(self) -> str:
        trees = zip(
            ("base", "ours", "theirs", "next"),
            (self.base, self.ours, self.theirs, *self.more),
            strict=False,
        )
        return "\n".join(
            f"{name}: "
            + ", ".join(
                f"{p}{'*' * tree[p].executable} = {c!r}" for p, c in self.store.files(tree).items()
            )
            for name, tree in trees
        )


@st.composite
def threes(draw: st.DrawFn, *, moves: bool = True, deletes: bool = True, later: int = 0) -> Three:
    store = Store()
    base = draw(first_trees())
    ours = draw(edits(base, "ours", moves=moves, deletes=deletes))
    chain = [draw(edits(base, "theirs", moves=moves, deletes=deletes))]
    for number in range(later):
        chain.append(draw(edits(chain[-1], f"later{number}", moves=moves, deletes=deletes)))
    trees = [t.tree(store) for t in (base, ours, *chain)]
    return Three(store, trees[0], trees[1], trees[2], tuple(trees[3:]))


def words(store: Store, tree: Tree) -> set[str]:
    """Every line of text and every binary of a tree."""
    return {
        word
        for content in store.files(tree).values()
        for word in ([content] if "\0" in content else content.split("\n"))
    }


@LAW
@given(threes())
def test_an_untouched_home_becomes_what_upstream_ships(t: Three) -> None:
    result = t.store.merge(t.base, t.base, t.theirs)
    assert (result.tree, result.base, result.conflicts) == (t.theirs, t.theirs, ())


@LAW
@given(threes())
def test_where_upstream_did_nothing_the_home_stays(t: Three) -> None:
    result = t.store.merge(t.base, t.ours, t.base)
    assert (result.tree, result.base, result.conflicts) == (t.ours, t.base, ())


@LAW
@given(threes())
def test_the_same_change_on_both_sides_is_none(t: Three) -> None:
    result = t.store.merge(t.base, t.ours, t.ours)
    assert (result.tree, result.base, result.conflicts) == (t.ours, t.ours, ())


@LAW
@given(threes(moves=False))
def test_swapping_the_sides_swaps_the_conflicts(t: Three) -> None:
    one, two = t.store.merge(t.base, t.ours, t.theirs), t.store.merge(t.base, t.theirs, t.ours)
    swapped = {"delete/edit": "edit/delete", "edit/delete": "delete/edit"}
    assume(
        all(c.kind != "file/folder" for c in (*one.conflicts, *two.conflicts))
    )  # there, ours decides
    plain = one.conflicts
    assert [(c.path, c.key, swapped.get(c.kind, c.kind)) for c in plain] == [
        (c.path, c.key, c.kind) for c in two.conflicts
    ]
    if not plain:
        event("clean")
        assert {p: e.digest for p, e in one.tree.items()} == {
            p: e.digest for p, e in two.tree.items()
        }


@LAW
@given(threes())
def test_nothing_that_only_the_user_changed_is_lost(t: Three) -> None:
    result = t.store.merge(t.base, t.ours, t.theirs)
    own = words(t.store, t.ours) - words(t.store, t.base)
    assert own <= words(t.store, result.tree)
    names = {result.renamed.get(p, p) for p in t.ours if p not in t.base}
    assert names <= result.tree.keys()


@LAW
@given(threes())
def test_nothing_is_invented(t: Three) -> None:
    result = t.store.merge(t.base, t.ours, t.theirs)
    assert words(t.store, result.tree) <= words(t.store, t.ours) | words(t.store, t.theirs)
    made = result.tree.keys() - {*t.ours, *t.theirs, *result.renamed.values()}
    assert {p.name for p in made} <= {
        p.name for p in t.theirs if p not in t.base
    }  # into a folder the user renamed
    sides = {e.digest for tree in (t.base, t.ours, t.theirs) for e in tree.values()}
    assert {e.digest for e in result.tree.values()} <= sides | result.blobs.keys()


@LAW
@given(threes())
def test_the_result_can_stand_on_a_disk(t: Three) -> None:
    for tree in (result := t.store.merge(t.base, t.ours, t.theirs)).tree, result.base:
        folders = {folder for path in tree for folder in path.parents}
        assert not folders & tree.keys()


@LAW
@given(threes())
def test_updating_twice_is_updating_once(t: Three) -> None:
    once = t.store.merge(t.base, t.ours, t.theirs)
    twice = t.store.merge(once.base, once.tree, t.theirs)
    event("conflicts" if once.conflicts else "clean")
    assert (twice.tree, twice.base) == (once.tree, once.base)
    assert twice.conflicts == once.conflicts


@LAW
@given(threes())
def test_taking_theirs_everywhere_remembers_just_what_upstream_ships(t: Three) -> None:
    result = t.store.merge(t.base, t.ours, t.theirs, always(Side.THEIRS))
    assert result.conflicts == ()
    assert result.base.digest == t.theirs.digest
    still_open = t.store.merge(t.base, t.ours, t.theirs)
    settled = t.store.merge(still_open.base, still_open.tree, t.theirs, always(Side.THEIRS))
    assert (settled.conflicts, settled.base.digest) == ((), t.theirs.digest)


@LAW
@given(threes(moves=False))
def test_a_user_without_edits_of_their_own_beside_the_conflicts_gets_upstreams_tree(
    t: Three,
) -> None:
    """Whole files, deleted or made binary: every edit of the user's meets one of upstream's."""
    clash = t.base.differing(t.theirs)
    ours = t.base.with_entries({p: None for p in clash if p in t.base})
    assert t.store.merge(t.base, ours, t.theirs, always(Side.THEIRS)).tree.digest == t.theirs.digest


@LAW
@given(threes(moves=False, later=1))
def test_going_by_a_version_between_ends_where_going_straight_ends(t: Three) -> None:
    by = t.store.merge(t.base, t.ours, t.theirs)
    straight = t.store.merge(t.base, t.ours, t.more[0])
    assume(not by.conflicts and not straight.conflicts)
    there = t.store.merge(by.base, by.tree, t.more[0])
    assume(not there.conflicts)
    # Where the user made the very change that v2 made and v3 undid, it is no longer the user's.
    for path in {*there.tree, *straight.tree}:
        if not _undone(t, path):
            assert there.tree.get(path) == straight.tree.get(path)


def _undone(t: Three, path: RelPath) -> bool:
    """Whether the user and v2 have a change in common that v3 does not have."""

    def parts(tree: Tree) -> set[str]:
        entry = tree.get(path)
        if entry is None:
            return {"absent"}
        text = t.store.read(entry.digest).decode("latin-1")
        return (
            {f"mode {entry.executable}", text}
            if "\0" in text
            else {f"mode {entry.executable}", *text.split("\n")}
        )

    base, ours, two, three = (parts(tree) for tree in (t.base, t.ours, t.theirs, t.more[0]))
    return bool(((ours & two) - base) - three or (base - ours - two) & three)


@LAW
@given(threes(moves=False, deletes=False, later=1))
def test_a_conflict_left_open_between_is_the_conflict_of_going_straight(t: Three) -> None:
    by = t.store.merge(t.base, t.ours, t.theirs)
    straight = t.store.merge(t.base, t.ours, t.more[0])
    there = t.store.merge(by.base, by.tree, t.more[0])
    for conflict in by.conflicts:
        if (
            conflict.kind != "file/folder"
            and not _undone(t, conflict.path)
            and _whole(t, conflict.path)
        ):
            event("open between")
            assert there.tree.get(conflict.path) == straight.tree.get(conflict.path)
            assert (conflict.path in {c.path for c in there.conflicts}) == (
                conflict.path in {c.path for c in straight.conflicts}
            )


def _whole(t: Three, path: RelPath) -> bool:
    """Whether a path conflicts as a whole: its clean parts do not move on while it is open."""
    return any(
        b"\0" in t.store.read(tree[path].digest)
        for tree in (t.base, t.ours, t.theirs)
        if path in tree
    )


def test_a_move_by_the_user_is_remembered_while_a_conflict_of_the_file_is_open() -> None:
    store = Store()
    text = "".join(f"line {n} of the file\n" for n in range(9))
    base = store.tree({"a.md": text, "b.md": text.replace("file", "other")})
    ours = store.tree(
        {"mine.md": text.replace("line 1", "mine"), "b2.md": text.replace("file", "other")}
    )
    theirs = store.tree(
        {"a.md": text.replace("line 1", "theirs"), "b.md": text.replace("file", "other")}
    )
    merge = store.merge(base, ours, theirs)
    assert [conflict.path for conflict in merge.conflicts] == ["mine.md"]
    assert merge.moved == {"a.md": "mine.md"}
    settled = store.merge(base, ours, theirs, lambda _path, _key: Side.OURS)
    assert settled.moved == {}
