"""The grammar of sources: every form, what it is taken for, and what is refused."""

from __future__ import annotations

import re

import pytest
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import (
    KINDS,
    Pin,
    PinKind,
    SourceKind,
    SourceSpec,
    is_commit_id,
    is_loopback,
    is_range,
    parse_source,
    pin_kind,
    without_credentials,
)
from hermes_dist.model.tree import Digest

GIT, FOLDER, ARCHIVE, REGISTRY = (
    SourceKind.GIT,
    SourceKind.FOLDER,
    SourceKind.ARCHIVE,
    SourceKind.REGISTRY,
)

FORMS = [
    # owner/repo and host/owner/repo
    ("you/research-bot", GIT, "https://github.com/you/research-bot", "", ""),
    ("github.com/you/research-bot", GIT, "https://github.com/you/research-bot", "", ""),
    ("GitHub.com/you/Research-Bot/", GIT, "https://github.com/you/Research-Bot", "", ""),
    ("gitlab.com/group/sub/repo", GIT, "https://gitlab.com/group/sub/repo", "", ""),
    ("git.example.org/o/r.git", GIT, "https://git.example.org/o/r.git", "", ""),
    # a name of a registry
    ("research-bot", REGISTRY, "research-bot", "", ""),
    ("research-bot@1.2", REGISTRY, "research-bot", "", "1.2"),
    ("research-bot@^1.2", REGISTRY, "research-bot", "", "^1.2"),
    # URLs
    ("https://github.com/you/bot", GIT, "https://github.com/you/bot", "", ""),
    ("https://github.com/you/bot.git/", GIT, "https://github.com/you/bot.git", "", ""),
    ("HTTPS://GitHub.com:8443/you/bot", GIT, "https://github.com:8443/you/bot", "", ""),
    ("ssh://git@host/owner/repo", GIT, "ssh://git@host/owner/repo", "", ""),
    ("ssh://alice@host:22/~/repo@v1", GIT, "ssh://alice@host:22/~/repo", "", "v1"),
    ("ssh://host/owner/repo", GIT, "ssh://host/owner/repo", "", ""),
    ("file:///srv/git/bot.git", GIT, "file:///srv/git/bot.git", "", ""),
    ("file://localhost/srv/a b/bot", GIT, "file:///srv/a b/bot", "", ""),
    ("file:///srv/a%20b@c/bot//sub#v1", GIT, "file:///srv/a%20b@c/bot", "sub", "v1"),
    # scp form
    ("git@host:owner/repo", GIT, "git@host:owner/repo", "", ""),
    ("git@Host.Example:owner/repo.git/", GIT, "git@host.example:owner/repo.git", "", ""),
    # A name without a dot may be an alias of ~/.ssh/config, which tells upper from lower case.
    ("git@Host:owner/repo", GIT, "git@Host:owner/repo", "", ""),
    ("Work:team/bot", GIT, "Work:team/bot", "", ""),
    ("work:team/bot//sub#v1", GIT, "work:team/bot", "sub", "v1"),
    ("work:team/bot@v1.2", GIT, "work:team/bot", "", "v1.2"),
    ("work:/srv/bot.git", GIT, "work:/srv/bot.git", "", ""),
    ("work:bot.git", GIT, "work:bot.git", "", ""),
    ("Host.Example:team/bot", GIT, "host.example:team/bot", "", ""),
    ("ssh://Work/team/bot", GIT, "ssh://Work/team/bot", "", ""),
    ("ssh://ada@Work:22/team/bot", GIT, "ssh://ada@Work:22/team/bot", "", ""),
    ("ssh://Host.Example/team/bot", GIT, "ssh://host.example/team/bot", "", ""),
    ("git@host:repo@v1", GIT, "git@host:repo", "", "v1"),
    ("git@host:o@x/repo@v1", GIT, "git@host:o@x/repo", "", "v1"),
    (
        "git@host:/srv/repo//sub/folder#feature/x",
        GIT,
        "git@host:/srv/repo",
        "sub/folder",
        "feature/x",
    ),
    ("git@host:~/repo", GIT, "git@host:~/repo", "", ""),
    # folders
    ("./x", FOLDER, "./x", "", ""),
    ("../x/", FOLDER, "../x", "", ""),
    ("/srv/x", FOLDER, "/srv/x", "", ""),
    ("~/x", FOLDER, "~/x", "", ""),
    (".", FOLDER, ".", "", ""),
    ("..", FOLDER, "..", "", ""),
    ("~", FOLDER, "~", "", ""),
    ("/", FOLDER, "/", "", ""),
    ("./with space/ü", FOLDER, "./with space/ü", "", ""),
    (".//sub", FOLDER, ".", "sub", ""),
    ("~//a/b", FOLDER, "~", "a/b", ""),
    ("./x@v1", FOLDER, "./x", "", "v1"),
    ("./a@b/x", FOLDER, "./a@b/x", "", ""),
    ("./a@b/", FOLDER, "./a@b", "", ""),
    ("./a@b#v1", FOLDER, "./a@b", "", "v1"),
    # archives
    ("./bot.tar.gz", ARCHIVE, "./bot.tar.gz", "", ""),
    ("/srv/bot.TGZ", ARCHIVE, "/srv/bot.TGZ", "", ""),
    ("~/bot.tgz", ARCHIVE, "~/bot.tgz", "", ""),
    ("bot.tar.gz", ARCHIVE, "./bot.tar.gz", "", ""),
    ("dist/bot.tar.gz", ARCHIVE, "./dist/bot.tar.gz", "", ""),
    ("./bot@1.0.tar.gz", ARCHIVE, "./bot@1.0.tar.gz", "", ""),
    ("./bot.tar.gz//agents/x", ARCHIVE, "./bot.tar.gz", "agents/x", ""),
    # // counts after the scheme, and only the first
    ("https://h/o/r//sub", GIT, "https://h/o/r", "sub", ""),
    ("github.com/o/r//a/b/#v1", GIT, "https://github.com/o/r", "a/b", "v1"),
    ("o/r//", GIT, "https://github.com/o/r", "", ""),
    # # always wins; @ only after the last /
    ("o/r#v1.2.3", GIT, "https://github.com/o/r", "", "v1.2.3"),
    ("o/r@v1.2.3", GIT, "https://github.com/o/r", "", "v1.2.3"),
    ("o/r#feature/x", GIT, "https://github.com/o/r", "", "feature/x"),
    ("o/r#a@b", GIT, "https://github.com/o/r", "", "a@b"),
    ("o/r#a#b", GIT, "https://github.com/o/r", "", "a#b"),
    ("./x@y#z", FOLDER, "./x@y", "", "z"),
    ("o/r//sub@v1", GIT, "https://github.com/o/r", "sub", "v1"),
    ("o/r//s@x/y", GIT, "https://github.com/o/r", "s@x/y", ""),
    (
        "o/r#0123456789abcdef0123456789abcdef01234567",
        GIT,
        "https://github.com/o/r",
        "",
        "0123456789abcdef" * 2 + "01234567",
    ),
    ("https://h/o/r@>=1,<2", GIT, "https://h/o/r", "", ">=1,<2"),
    ("o/r@latest", GIT, "https://github.com/o/r", "", "latest"),
]


@pytest.mark.parametrize(
    ("text", "kind", "location", "sub", "ref"), FORMS, ids=[form[0] for form in FORMS]
)
def test_every_form_is_read_as_what_it_is_and_written_so_that_it_is_read_again(
    text: str, kind: SourceKind, location: str, sub: str, ref: str
) -> None:
    spec = parse_source(text)
    wanted = SourceSpec(
        kind=kind,
        location=location,
        subfolder=RelPath(sub) if sub else None,
        ref=ref,
        is_range=is_range(ref),
    )
    assert spec == wanted
    assert parse_source(str(spec)) == spec


REFUSED = [
    ("", "empty"),
    (" o/r", "spaces"),
    ("o/r\n", "spaces"),
    ("o/r\x1b[2J", "control"),
    ("o/r\x85x", "control"),
    ("./a\u202eb", "invisible"),
    ("./a\ud800", "control"),
    ("o/r\u2028x", "control"),
    # options
    ("-x", "option"),
    ("--upload-pack=touch x", "option"),
    ("ssh://-oProxyCommand=x/y", "host"),
    ("ssh://-oProxyCommand=x@host/y", "host"),
    ("git@-oProxyCommand=x:y", "host"),
    ("git@host:-x", "path"),
    ("o/-r", "name"),
    ("-o/r", "option"),
    ("o/r#-x", "not a tag"),
    ("o/r#--upload-pack=x", "not a tag"),
    ("o/r@-x", "not a tag"),
    # schemes
    ("ext::sh -c id", "scheme"),
    ("fd::17/x", "scheme"),
    ("https::x", "scheme"),
    ("git+ssh://git@h/x", "scheme"),
    ("ftp://h/x", "scheme"),
    ("javascript://h/x", "scheme"),
    ("data:text/plain,x", "name"),
    ("http://example.org/x", "another machine"),
    ("git://example.org/x", "another machine"),
    ("http://localhost.example.org/x", "another machine"),
    ("http://localhost@example.org/x", "another machine"),
    ("http://127.0.0.1:80@example.org/x", "another machine"),
    ("http://2130706433/x", "another machine"),
    ("http://0.0.0.0/x", "another machine"),
    ("http://[::ffff:10.0.0.1]/x", "another machine"),
    ("http://example.org\\@127.0.0.1/x", "backslashes"),
    ("http://example.org#@127.0.0.1/x", "missing"),
    ("http://example.org?@127.0.0.1/x", "missing"),
    # broken URLs
    ("https://", "host"),
    ("https:///x", "host"),
    ("https://h", "missing"),
    ("https://h/", "missing"),
    ("https://h//sub", "missing"),
    ("https://h:port/x", "not a URL"),
    ("https://h:99999/x", "not a URL"),
    ("https://[::1/x", "not a URL"),
    ("https://h h/x", "spaces"),
    ("https://h/x?ref=y", "query"),
    ("https://h/../x", "folders"),
    ("https://h/%2e%2E/x", "folders"),
    ("https://h/x%0aHost:y", "control"),
    ("https://h/x%5cy", "backslashes"),
    ("https://münchen.example/x", "host"),
    ("https://github.com/o/r/tree/main/sub", "page"),
    ("https://gitlab.com/o/r/-/blob/main/README.md", "page"),
    ("file://other/x", "absolute"),
    ("file://", "absolute"),
    ("file://x", "absolute"),
    ("file:///a%00b", "control"),
    # names
    ("o/r/x", "host/owner/repo"),
    ("github.com/o", "owner/repo"),
    ("~user/x", "name"),
    ("ü/b", "name"),
    ("o/..", "name"),
    ("a b", "name"),
    ("C:\\x", "name"),
    ("@v1", "name"),
    ("#v1", "name"),
    ("o/r@feature/x", "after #"),
    # subfolders
    ("o/r//../x", "unsafe path"),
    ("o/r///x", "unsafe path"),
    ("o/r//a//b", "unsafe path"),
    ("o/r//.git", "unsafe path"),
    ("o/r//a:b", "unsafe path"),
    # refs
    ("o/r#", "nothing after #"),
    ("o/r@", "nothing after @"),
    ("./bot.tar.gz#v1", "archive"),
    ("bot.tgz@v1", "archive"),
    *(
        (f"o/r#{ref}", "not a tag")
        for ref in (
            "a..b",
            "a b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[b",
            "a\\b",
            "a@{1}",
            "@",
            ".a",
            "a/.b",
            "a.lock",
            "a.lock/b",
            "a/",
            "/a",
            "a//b",
            "a.",
            "x" * 251,
            "^",
            ">=",
            "^x",
            ">=1 <2",
            ">=1;id",
            "^$(id)",
            ">=1,x",
            "a\u00a0b",
        )
    ),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[repr(case[0])[:60] for case in REFUSED])
def test_what_follows_no_form_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(Invalid, match=re.escape(why)):
        parse_source(text)


@pytest.mark.parametrize(
    "url",
    ["http://localhost/x", "http://127.0.0.1:8080/x", "http://[::1]:80/x", "git://127.9.9.9/x"],
)
def test_unencrypted_schemes_reach_this_machine(url: str) -> None:
    assert parse_source(url).location == url


@pytest.mark.parametrize("url", ["http://example.org/x", "git://10.0.0.1/x"])
def test_unencrypted_schemes_leave_this_machine_only_when_allowed(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_source(url)
    assert "--allow-insecure" in caught.value.hint
    assert parse_source(url, allow_insecure=True).location == url


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost", "127.0.0.1", "127.255.0.1", "::1", "[::1]"]
)
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.example.org", "10.0.0.1", "0.0.0.0", "::", "127.1", "example.org"]
)
def test_these_hosts_are_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "location", "fetch_url"),
    [
        (
            "https://s3cret@github.com/o/r#v1",
            "https://github.com/o/r",
            "https://s3cret@github.com/o/r",
        ),
        (
            "https://me:s3cret@github.com/o/r",
            "https://github.com/o/r",
            "https://me:s3cret@github.com/o/r",
        ),
        ("https://me:s3@cret@h/o/r", "https://h/o/r", "https://me:s3@cret@h/o/r"),
        ("https://git@github.com/o/r", "https://github.com/o/r", "https://git@github.com/o/r"),
        ("ssh://me:s3cret@h/o/r", "ssh://me@h/o/r", "ssh://me@h/o/r"),
        ("https://h/o/r", "https://h/o/r", "https://h/o/r"),
        ("./x", "./x", "./x"),
    ],
)
def test_credentials_serve_for_fetching_and_are_nowhere_else(
    text: str, location: str, fetch_url: str
) -> None:
    spec = parse_source(text)
    assert spec.location == location
    assert spec.fetch_url == fetch_url
    assert "s3" not in f"{spec} {spec!r}"
    assert spec == parse_source(str(spec))
    assert spec.at("v2").fetch_url == fetch_url


@pytest.mark.parametrize(
    "text",
    [
        "https://me:s3cret@h",
        "https://me:s3cret@h/",
        "https://me:s3@cret@h:port/x",
        "https://me:s3cret/x@h/o/r//..",
        "https://me:s3cret#x@h/o",
        "https://s3cret@h?x",
        "me:s3cret@h:o/r",
        "ftp://me:s3cret@h/x",
        "https://s3cret@h/a/../b",
        "ext::https://me:s3cret@h/x",
        "http://me:s3cret@example.org/x",
        "https://me:s3cret@h/o/r/tree/x",
        "ssh://-me:s3cret@h/x",
        "ssh://m%0ae:s3cret@h/x",
        "https://h/x.git?token=s3cret",
        "https://me@h/x?a=b&private_token=s3cret#v1",
        "ssh://ghp_s3cret45678@h/x",
        "ssh://ghp_s3cret45678:x@h/x",
        "ghp_s3cret45678@h:o/r",
        "glpat-s3cret45678@h:o/r",
        "ssh://s3cret0123456789012345678901234567@h/x",
        "https:/me:s3cret@h/x",
        "https:/s3cret@h/x",
    ],
)
def test_an_error_never_repeats_a_password(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_source(text)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {caught.value.where}"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://tok@h/x", "https://h/x"),
        ("https://u:p@h:1/x@v1", "https://h:1/x@v1"),
        ("https://u:p@q@h/x", "https://h/x"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("ssh://u:p@h/x", "ssh://u@h/x"),
        ("ssh://ghp_0123456789:x@h/x", "ssh://h/x"),
        (
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1",
            "ssh://APKAEIBAERJR2EXAMPLE@git-codecommit.eu-west-1.amazonaws.com/v1",
        ),
        ("git@h:o/r", "git@h:o/r"),
        ("/srv/a@b", "/srv/a@b"),
        ("fatal: 'https://u:p@h/x' and https://t@k/y", "fatal: 'https://h/x' and https://k/y"),
    ],
)
def test_without_credentials_keeps_all_but_the_secret(url: str, clean: str) -> None:
    assert without_credentials(url) == clean
    assert without_credentials(clean) == clean


RANGES = [
    "^1",
    "^1.2",
    "^0.2",
    "~1",
    "~1.2.3",
    "~=1.2",
    ">=1,<2",
    ">=1, <2",
    "==1.*",
    "!=1.3",
    "=1.2",
    "<2",
    "> 1",
    "latest",
    "1.x",
    "1.2.X",
    "1.*",
    "*",
    "^v1",
    ">=1,1.2",
    "^1.2.3-rc.1",
]
NO_RANGES = [
    "",
    "v1.2",
    "1.2",
    "main",
    "latest-stable",
    "x",
    "^",
    ">=",
    "^main",
    ">=1 <2",
    "1,2",
    ">=1,main",
    ">=1;",
    "1.x.y",
]


@pytest.mark.parametrize("ref", RANGES)
def test_a_range_is_known_as_one(ref: str) -> None:
    assert is_range(ref)
    assert parse_source("o/r").at(ref) == parse_source(f"o/r@{ref}")
    assert parse_source(f"o/r@{ref}").is_range


@pytest.mark.parametrize("ref", NO_RANGES)
def test_a_tag_branch_or_commit_is_no_range(ref: str) -> None:
    assert not is_range(ref)


def test_at_keeps_the_source_and_changes_the_ref() -> None:
    spec = parse_source("o/r//sub#v1")
    assert str(spec.at("feature/x")) == "https://github.com/o/r//sub#feature/x"
    with pytest.raises(Invalid):
        spec.at("-x")
    with pytest.raises(Invalid):
        spec.at("a\x1bb")
    with pytest.raises(Invalid):
        parse_source("./x.tgz").at("v1")


def test_a_pin_has_a_short_name() -> None:
    tree = Digest("ab" * 32)
    assert Pin(url="/x", kind=PinKind.FOLDER, tree=tree).short == "abababa"
    assert (
        Pin(url="https://h/x", kind=PinKind.COMMIT, commit="0123456789" * 4, tree=tree).short
        == "0123456"
    )


_WORD = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
_NAME = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=8)
_PATH = st.lists(st.one_of(_WORD, _NAME, st.just("a@b")), min_size=1, max_size=4).map("/".join)
_REF = st.one_of(
    _WORD,
    st.sampled_from([*RANGES, "feature/x", "a@b", "a#b", "v1.2.3"]),
    st.lists(_WORD, min_size=1, max_size=3).map("/".join),
)
_LOCATION = st.one_of(
    _WORD,
    st.builds("{}/{}".format, _WORD, _WORD),
    st.builds("{}.org/{}".format, _WORD, _PATH),
    st.builds("{}{}".format, st.sampled_from(["./", "../", "/", "~/"]), _PATH),
    st.builds("{}@{}:{}".format, _WORD, _WORD, _PATH),
    st.builds(
        "{}://{}{}/{}".format,
        st.sampled_from(["https", "SSH", "file", "http"]),
        st.sampled_from(["", "git@", "u:p@", "tok@"]),
        st.sampled_from(["h", "h:8", "[::1]", "localhost", ""]),
        _PATH,
    ),
    _PATH,
)
_TEXT = st.one_of(
    st.builds(
        "{}{}{}{}".format,
        _LOCATION,
        st.one_of(st.just(""), st.builds("//{}".format, _PATH)),
        st.sampled_from(["", "", "#", "@"]),
        st.one_of(st.just(""), _REF),
    ),
    st.text(st.sampled_from("ab/.:@#~-^ 1\\%[]?"), max_size=14),
)


@settings(max_examples=examples(2000), deadline=None)
@given(_TEXT)
@example("///sub")
@example("//x")
@example("./a@b//s@x/")
@example("git@h:a@b/")
@example("./a@b.tar.gz")
@example("./a@/")
@example("./x /")
@example("git@h:a@/")
def test_law_what_is_written_is_read_as_the_same_value(text: str) -> None:
    try:
        spec = parse_source(text, allow_insecure=True)
    except Invalid as err:
        assert err.what  # noqa: PT017 - refusing is as good; any other exception is not
        return
    again = parse_source(str(spec), allow_insecure=True)
    assert again == spec
    assert str(again) == str(spec)
    assert not spec.location.startswith("-")
    assert not spec.ref.startswith("-")
    assert not again.credentials


def test_the_table_has_a_row_for_each_kind_and_the_hint_names_every_spelling() -> None:
    assert set(KINDS) == set(SourceKind)
    with pytest.raises(Invalid) as caught:
        parse_source("a:b c")
    hint = caught.value.hint or ""
    assert all(traits.spelling in hint for traits in KINDS.values())
    assert hint.startswith("write github.com/you/bot, a git URL, ./folder or file.tar.gz; then")


@pytest.mark.parametrize("kind", SourceKind)
def test_a_kind_without_refs_refuses_one_and_says_what_it_is(kind: SourceKind) -> None:
    spec = SourceSpec(kind=kind, location="x")
    if kind.traits.has_refs:
        assert spec.at("v1").ref == "v1"
        return
    with pytest.raises(Invalid, match=f"^{kind.traits.label} has no versions"):
        spec.at("v1")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("source", "ref", "commit", "kind"),
    [
        ("./x", "", "", PinKind.FOLDER),
        ("./x.tgz", "", "", PinKind.ARCHIVE),
        (f"a/b#{COMMIT}", "", COMMIT, PinKind.COMMIT),
        ("a/b#012345678", "", COMMIT, PinKind.COMMIT),
        ("a/b", "refs/heads/main", COMMIT, PinKind.BRANCH),
        ("a/b", "", COMMIT, PinKind.BRANCH),
        ("a/b#main", "refs/heads/main", COMMIT, PinKind.BRANCH),
        ("a/b#v1", "refs/tags/v1", COMMIT, PinKind.TAG),
        ("a/b#^1.2", "refs/tags/v1.3", COMMIT, PinKind.RANGE),
        ("a/b#latest", "refs/tags/latest", COMMIT, PinKind.TAG),
        ("a/b#latest", "refs/tags/v2", COMMIT, PinKind.RANGE),
        ("name", "refs/tags/v2", COMMIT, PinKind.RANGE),
        ("name#v2", "refs/tags/v2", COMMIT, PinKind.TAG),
    ],
)
def test_a_pin_follows_what_the_source_asked_for(
    source: str, ref: str, commit: str, kind: PinKind
) -> None:
    assert pin_kind(parse_source(source), ref, commit) is kind


def test_a_commit_in_capital_letters_is_the_same_commit() -> None:
    assert parse_source(f"a/b#{COMMIT.upper()}").ref == COMMIT
    assert parse_source("a/b#Main").ref == "Main"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("github.com/you/bot@^1.0", "@^1.0"),
        ("github.com/you/bot//agents/a@~1.2", "//agents/a@~1.2"),
        ("github.com/you/bot#main", "#main"),
    ],
)
def test_a_range_is_shown_as_it_is_written(typed: str, written: str) -> None:
    spec = parse_source(typed)
    assert spec.as_written.endswith(written)
    assert parse_source(spec.as_written) == spec


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (
            "github.com/you/agents/bots/a",
            "write // before the folder: github.com/you/agents//bots/a",
        ),
        (
            "https://codeberg.org/you/agents/bots/a/#v1",
            "write // before the folder: codeberg.org/you/agents//bots/a",
        ),
        (
            "git@github.com:you/agents/bots/a",
            "write // before the folder: git@github.com:you/agents//bots/a",
        ),
        (
            "you/agents/bots/a",
            (
                "for a folder of that repository, write you/agents//bots/a; "
                "for a folder of this machine, begin with ./"
            ),
        ),
        (
            "https://github.com/you/agents/tree/main/bots/a",
            "did you mean github.com/you/agents//bots/a#main?",
        ),
        ("github.com/o/r/tree/main", "did you mean github.com/o/r#main?"),
        ("gitlab.com/group/sub/r/-/tree/v1/bot", "did you mean gitlab.com/group/sub/r//bot#v1?"),
        (
            "https://github.com/o/r/blob/main/bots/a/SOUL.md",
            "did you mean github.com/o/r//bots/a#main?",
        ),
        ("https://github.com/o/r/releases/tag/v1.0.0", "did you mean github.com/o/r#v1.0.0?"),
    ],
)
def test_a_place_in_a_repository_is_met_with_how_it_is_written(typed: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_source(typed)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("git@github.com", "write git@github.com:OWNER/REPO"),
        ("git@github.com:", "write git@github.com:OWNER/REPO"),
        ("git@github.com:/", "write git@github.com:OWNER/REPO"),
        ("git@github.com#v1", "write git@github.com:OWNER/REPO"),
        ("git@Git.acme.example", "write git@git.acme.example:OWNER/REPO"),
        ("me@codeberg.org", "write git@codeberg.org:OWNER/REPO"),
        ("git@github.com/you/bot", "did you mean git@github.com:you/bot?"),
        ("git@github.com/you/bot#v1", "did you mean git@github.com:you/bot#v1?"),
        ("ghp_0123456789abcdefABCDEF@github.com", "write git@github.com:OWNER/REPO"),
    ],
)
def test_a_login_without_a_path_is_not_taken_for_a_package(typed: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_source(typed)
    assert caught.value.hint == hint
    assert "ghp_" not in str(caught.value)


@pytest.mark.parametrize("typed", ["git@1.2", "git@v1.beta", "git@latest", "bot@old.main", "git"])
def test_a_package_may_be_named_git(typed: str) -> None:
    assert parse_source(typed).kind is SourceKind.REGISTRY


@pytest.mark.parametrize("typed", ["github.com", "GitHub.com/", "gitlab.com@v1", "github.com#v1"])
def test_a_host_alone_is_not_taken_for_a_package(typed: str) -> None:
    with pytest.raises(Invalid, match="a host must be followed by owner/repo"):
        parse_source(typed)


def test_groups_of_other_hosts_are_not_taken_for_folders() -> None:
    for typed in ("gitlab.com/group/sub/r", "git.example.org/a/b/c/d", "github.com/o/r"):
        assert parse_source(typed).location == f"https://{typed}"


@pytest.mark.parametrize("length", [0, 39, 40, 41, 63, 64, 65])
@pytest.mark.parametrize("end", ["", "F", "g", "\n", " ", "é"])
def test_a_commit_id_has_40_or_64_digits_of_either_case(length: int, end: str) -> None:
    for text in ("a" * length + end, end + "0" * length, "9" * (length // 2) + end + "A" * 20):
        right = re.fullmatch(r"[0-9A-Fa-f]{40}(?:[0-9A-Fa-f]{24})?", text) is not None
        assert is_commit_id(text) == right


def test_a_long_version_is_cut_within_its_quotes() -> None:
    with pytest.raises(Invalid, match=r"^' x x.{90,100}…' is not a tag"):
        parse_source("github.com/you/bot#" + " x" * 80)
