# Everything starts from `python3` and `make`. Each target builds .venv by itself when needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEEDS ?= 200
STEPS ?= 20000
SEED ?= 1
COUNT ?= 400
JOBS ?= 2

SCENARIOS := default perpetual calm listening hedging instruments coins rough
DEBT_SEEDS ?= 60

.PHONY: help setup trial test machines check compile bench campaign debt debt-paid shrinking mutants clean

help:
	@echo "make trial        $(SEEDS) seeds of the default scenario through a hostile sea"
	@echo "make test         the whole test suite (under 10 minutes on two cores)"
	@echo "make machines     $(STEPS) steps of each state machine against its slow model"
	@echo "make check        format, lint, types, documentation"
	@echo "make compile      twice as many seeds: minutes, and gcc; of use to campaigns and bench"
	@echo "make bench        the benchmarks; PEER_PYTHON=... also runs the peer and prints ratios"
	@echo "make debt         what is stated and not proven; fails when something is newly so"
	@echo "make campaign     the long one: 3,000 clean seeds and every zoo bug"
	@echo "make shrinking    the first failure of every zoo bug, made small: up to a minute each"
	@echo "make mutants      $(COUNT) mutants drawn by seed $(SEED), and docs/mutants.md of them: a quarter of an hour"

setup: $(STAMP)

# `pip install -e` needs no build environment of its own: setuptools is in the locked file.
$(STAMP): requirements/dev.txt pyproject.toml
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $(STAMP)

trial: $(STAMP)
	@$(BIN)/seatrial run --seeds $(SEEDS)

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2

machines: $(STAMP)
	@$(BIN)/python -m pytest tests/property --steps $(STEPS) -n 2 -k "_machine and not finds"

check: $(STAMP)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/architecture

compile: $(STAMP)
	@$(BIN)/python -m benchmarks.compiling

# Without a C compiler the figures are those of the sources, and each line says so.
bench: $(STAMP)
	@$(BIN)/python -m benchmarks.compiling 1>&2 || true
	@$(BIN)/python -m seatrial.compiled benchmarks.run $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON))

campaign: $(STAMP)
	@$(BIN)/python -m benchmarks.compiling || true
	@$(BIN)/seatrial run --seeds 3000
	@$(BIN)/python -m pytest tests/zoo --zoo-seeds 300 -n 2

# Each scenario's seeds are run once; what one of them saw is seen.
.debt/%.json: FORCE | $(STAMP)
	@mkdir -p .debt
	@$(BIN)/seatrial run $* --seeds $(DEBT_SEEDS) --visits --json $@ --coverage .debt/$*.coverage \
		--out .debt/failures > /dev/null

FORCE:

DEBT := seatrial debt $(SCENARIOS:%=--campaign .debt/%.json) \
	$(SCENARIOS:%=--coverage .debt/%.coverage) --baseline debt.json

debt: $(SCENARIOS:%=.debt/%.json)
	@$(BIN)/$(DEBT)

# By a fifth of the seeds: what so few see, the many of `make debt` see however the draws fall.
debt-paid:
	@$(MAKE) --no-print-directory DEBT_SEEDS=12 $(SCENARIOS:%=.debt/%.json)
	@$(BIN)/$(DEBT) --update

shrinking: $(STAMP)
	@$(BIN)/python -m zoo.shrinking

mutants: $(STAMP)
	@$(BIN)/python -m mutants.campaign --seed $(SEED) --count $(COUNT) --jobs $(JOBS)
	@$(BIN)/python -m mutants.page

clean:
	rm -rf $(VENV) .compiled .debt build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
