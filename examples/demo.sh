#!/bin/sh
# The whole story in a throw-away home: an author ships an agent, you and the agent change it, the author ships
# again, and both keep what they did. Run it with: make demo
set -eu
bin=$1
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
home=$stage/home
author=$stage/research-bot
mkdir -p "$home"
export HOME="$home" GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org
export GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
unset HERMES_HOME || true

bold='' cyan='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold='\033[1m' cyan='\033[36m' plain='\033[0m'; fi
say() { printf "\n${bold}# %s${plain}\n" "$*"; }
run() { printf "${cyan}\$ %s${plain}\n" "$*"; "$@"; }
ship() { git -C "$author" add -A && git -C "$author" commit --quiet -m "$1" && git -C "$author" tag "$1"; }

say "An author publishes an agent as a git repository"
cp -R "$here/research-bot" "$author"
git -C "$author" init --quiet --initial-branch=main
ship v1.0.0

say "The front door: 'hermes profile …' is ours, everything else stays the agent's"
run "$bin/hermes-dist" front-door install
PATH="$home/.local/bin:$bin:$PATH"
export PATH

say "You install it"
run hermes profile install "file://$author" --alias --yes
profile=$home/.hermes/profiles/research-bot

say "You and the agent change it: a line of SOUL.md, a setting with a comment, a shipped skill, a skill of its own"
printf '\n## What I learned\n\nMy reader prefers tables to prose.\n' >>"$profile/SOUL.md"
sed -i.old 's/^  max_turns: .*/  max_turns: 90  # mine: long nights/' "$profile/config.yaml" && rm "$profile/config.yaml.old"
printf '\nAsk for the budget first.\n' >>"$profile/skills/research/question-framing/SKILL.md"
mkdir -p "$profile/skills/own/tides"
printf -- '---\nname: tides\ndescription: Read tide tables.\n---\nLook up the harbour, then the hour.\n' >"$profile/skills/own/tides/SKILL.md"
run hermes profile status research-bot

say "The author ships 1.1.0: another model, a better SOUL.md, a renamed folder of skills"
sed -i.old 's/^version: .*/version: 1.1.0/' "$author/distribution.yaml"
sed -i.old 's/claude-sonnet-5/claude-opus-5/' "$author/config.yaml"
sed -i.old 's/^# Marginalia$/# Marginalia, second edition/' "$author/SOUL.md"
rm -f "$author"/*.old
git -C "$author" mv skills/research skills/study
ship v1.1.0

say "What would it bring?"
run hermes profile diff research-bot --upstream
say "You update"
run hermes profile update research-bot --yes
say "Yours is still there, and the author's arrived"
run hermes profile status research-bot
run hermes profile diff research-bot
say "What can run needs your approval"
run hermes profile approve research-bot --yes
run hermes profile list
