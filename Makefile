# Everything runs in environments of the checkout's own: .venv (downloaded) and .build (derived).
# `make help` lists the targets.

PYTHON ?= python3
STAGES ?= lint sanity compat unit contract faults integration hosts

VENV := .venv
LINT := $(VENV)/envs/lint
REQUIREMENTS := tests/requirements
# Tools and simulators are packages below tests/.
RUN := PYTHONPATH=tests $(VENV)/bin/python
# Compiling all of the package "ansible" takes longer than installing it; Python compiles what it needs when it does.
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
export PYTHONPYCACHEPREFIX := $(CURDIR)/.build/pycache

# Each environment is as good as its stamp: the requirements that went into it, newer than the files that name them.
RUN_READY := $(VENV)/.ready-run
TEST_READY := $(VENV)/.ready-test
HOSTS_READY := $(VENV)/.ready-hosts
LINT_READY := $(LINT)/.ready-lint
DOCS_READY := $(LINT)/.ready-docs
# Environments of their own for two that are no part of the test.
EE := $(VENV)/envs/ee
EE_READY := $(EE)/.ready-ee
EDA := $(VENV)/envs/eda
EDA_READY := $(EDA)/.ready-eda

IN_LINT := PATH="$(CURDIR)/$(LINT)/bin:$$PATH" ANSIBLE_COLLECTIONS_PATH="$(CURDIR)/.build"

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Environments and the staged copy are shared; the stages use the processors themselves.
.NOTPARALLEL:

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(RUN_READY) ## the main job against simulators: real playbooks, twice, effects checked
	@$(RUN) tests/demo/run.py

.PHONY: test
test: $(TEST_READY) $(HOSTS_READY) ## all stages, and a table of their results; STAGES="lint unit" runs some
	@$(RUN) -m tools.stages $(STAGES)

# --- the stages: each runs alone, prints one line of summary, and ends with an honest status -----------------------

.PHONY: lint
lint: $(TEST_READY) $(LINT_READY) $(DOCS_READY) ## linters, types, the site of the documentation, changelog, Galaxy's importer
	@$(RUN) -m tools.lint

.PHONY: sanity
sanity: $(TEST_READY) ## ansible-test sanity, every test, no ignore file
	@$(RUN) -m tools.sanity

.PHONY: unit
unit: $(TEST_READY) ## pytest tests/unit; ARGS="-k name" goes to pytest
	@$(RUN) -m tools.pytests unit $(ARGS)

.PHONY: contract
contract: $(TEST_READY) ## simulators and modules against other people's clients; ARGS as above
	@$(RUN) -m tools.pytests contract $(ARGS)

.PHONY: faults
faults: $(TEST_READY) ## every module, every call that it makes, everything that can go wrong with a call; ARGS as above
	@$(RUN) -m tools.faults $(ARGS)

.PHONY: integration
integration: $(TEST_READY) ## every module through ansible-playbook; TARGETS="storpool_volume", ARGS="-vvv" or "--core 2.18"
	@$(RUN) -m tools.integration $(ARGS) $(TARGETS)

.PHONY: compat
compat: $(TEST_READY) ## every module under the other supported versions of ansible-core; CORES="2.17"
	@$(RUN) -m tools.compat $(CORES)

.PHONY: hosts
hosts: $(HOSTS_READY) ## roles and playbooks on hosts with systemd and ssh; SCENARIOS="lab"
	@$(RUN) -m tools.hosts $(SCENARIOS)

.PHONY: totals
totals:
	@$(RUN) -m tools.stages --totals $(STAGES)

# --- not part of the test ------------------------------------------------------------------------------------------

.PHONY: coverage
coverage: $(TEST_READY) ## the unit tests, with line and branch coverage of the plugins
	@COVERAGE_FILE=$(CURDIR)/.build/coverage $(RUN) -m tools.pytests unit --cov=.build/ansible_collections --cov-branch --cov-report=term-missing:skip-covered $(ARGS)

.PHONY: bench
bench: $(TEST_READY) ## how fast it is, against the raw API and against loops of tasks; ARGS="--repeats 5", or some of the measures
	@KEEP_NO_CODE=1 $(RUN) -m benchmarks $(ARGS)

.PHONY: ee
ee: $(RUN_READY) $(EE_READY) ## build an execution environment, and run a zone and a bulk task in it; as root, with the lab's hosts
	@$(RUN) -m tools.ee --programs $(EE)/bin

.PHONY: eda
eda: $(TEST_READY) $(EDA_READY) ## ansible-rulebook with the example's rulebook against simulators; needs Java 17
	@$(RUN) -m contract.rulebook --programs $(EDA)/bin

.PHONY: format
format: $(LINT_READY) ## let ruff rewrite what it can
	$(LINT)/bin/ruff check --fix-only --quiet .
	$(LINT)/bin/ruff format .

.PHONY: changelog
changelog: $(LINT_READY) ## write CHANGELOG.rst from changelogs/fragments, for the version of galaxy.yml
	$(IN_LINT) antsibull-changelog release --update-existing --reload-plugins

.PHONY: docs
docs: $(TEST_READY) $(DOCS_READY) ## the documentation as a site, .build/docs/build/html/index.html; fails on a warning and on a broken link
	@$(RUN) -m tools.variables
	@$(RUN) -m tools.site

.PHONY: build
build: $(RUN_READY) ## the collection as an archive for Galaxy, in .build/dist
	@stage=$$($(RUN) -m tools.stage) && mkdir -p .build/dist && \
	    $(VENV)/bin/ansible-galaxy collection build --force --output-path .build/dist "$$stage"

.PHONY: stage
stage: ## copy the checkout to .build/ansible_collections, for commands of your own
	@PYTHONPATH=tests $(PYTHON) -m tools.stage

.PHONY: clean
clean: ## remove everything derived
	rm -rf .build

.PHONY: distclean
distclean: clean ## remove the environments, too
	rm -rf $(VENV)

# --- environments --------------------------------------------------------------------------------------------------

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(LINT)/bin/python: | $(VENV)/bin/python
	$(PYTHON) -m venv $(LINT)

$(RUN_READY): $(REQUIREMENTS)/run.txt | $(VENV)/bin/python
	$(VENV)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

# Its Python keeps what modules that are run for the tests are made of (tests/kept_code says what, and why); nothing is kept where times are measured.
$(TEST_READY): $(REQUIREMENTS)/test.txt $(wildcard tests/kept_code/*.py) $(RUN_READY)
	$(VENV)/bin/python $(PIP_INSTALL) -r $<
	@printf '%s\n' '$(CURDIR)/tests/kept_code' 'import kept_code; kept_code.keep_in("$(CURDIR)/.build/kept_code")' \
	    'import kept_imports; kept_imports.keep_in("$(CURDIR)/.build/kept_imports")' \
	    > "$$($(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/kept_code.pth"
	@touch $@

$(HOSTS_READY): $(REQUIREMENTS)/hosts.txt $(RUN_READY)
	$(VENV)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(LINT_READY): $(REQUIREMENTS)/lint.txt | $(LINT)/bin/python
	$(LINT)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(DOCS_READY): $(REQUIREMENTS)/docs.txt $(LINT_READY)
	$(LINT)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(EE)/bin/python $(EDA)/bin/python: | $(VENV)/bin/python
	$(PYTHON) -m venv $(@D:/bin=)

$(EE_READY): $(REQUIREMENTS)/ee.txt | $(EE)/bin/python
	$(EE)/bin/python $(PIP_INSTALL) -r $<
	@touch $@

$(EDA_READY): $(REQUIREMENTS)/eda.txt | $(EDA)/bin/python
	$(EDA)/bin/python $(PIP_INSTALL) -r $<
	@touch $@
