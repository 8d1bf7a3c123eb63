# Two commands do everything: `make demo` and `make test`. The others are for those who change it.
PYTHON ?= python3
POLICY ?= deploy/policy.yaml
RECEIVERS ?= deploy/alertmanager/receivers.yml
BIN := .venv/bin
export ALLOW_MISSING

.PHONY: demo test check cover mutate bench bench-fairness dashboards pictures rules migration lock tools browser

demo: .venv ## the service, a PostgreSQL of its own and a simulated contact centre, until Ctrl-C
	@$(BIN)/python -u -m deploy.demo

test: .venv tools browser ## everything, on real parts, two files at a time
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: .venv ## format, lint, imports, types, dependencies, dead code, dashboards
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/deptry .
	$(BIN)/vulture
	$(BIN)/python -m grafana.build --check
	$(BIN)/python -m app policy rules $(POLICY) --check deploy/prometheus/evenhand.policy.rules.yml
	$(BIN)/python -m app policy routes $(POLICY) --receivers $(RECEIVERS) --check deploy/alertmanager/alertmanager.yml

cover: .venv tools browser ## the same tests, and what they do not reach
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report

mutate: .venv ## change the rules one by one: every change must fail a test (ONLY="app/core/hours/*" TESTS=tests/core/hours)
	@$(BIN)/python -m tests.mutate $(foreach path,$(ONLY),"$(path)") $(if $(TESTS),--tests $(TESTS))

bench: .venv tools ## speeds as ratios to floors measured in the same run
	$(BIN)/python -m tests.bench

bench-fairness: .venv ## what our episodes are worth, on days whose truth is known
	$(BIN)/python -m tests.bench.fairness $(if $(SEEDS),--seeds $(SEEDS))
	$(BIN)/python -m tests.bench.fairness.cost

dashboards: .venv ## build the dashboards anew
	$(BIN)/python -m grafana.build

pictures: .venv tools browser ## draw the dashboards into docs/pictures (needs Node; no part of the tests)
	@$(BIN)/python -m grafana.pictures

rules: .venv ## make the alert rules and the routes that depend on the policy anew (POLICY= RECEIVERS= to name yours)
	$(BIN)/python -m app policy rules $(POLICY) --out deploy/prometheus/evenhand.policy.rules.yml
	$(BIN)/python -m app policy routes $(POLICY) --receivers $(RECEIVERS) --out deploy/alertmanager/alertmanager.yml

migration: .venv ## make migration m="what changes"
	$(BIN)/python -m tests.new_migration "$(m)"

lock: .venv ## choose versions anew, with their hashes
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --group dev \
	  --no-header --no-annotate pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 \
	  --constraints requirements.lock --no-header --no-annotate pyproject.toml \
	  -o requirements.runtime.lock

tools: ## Prometheus, Alertmanager, wrk and Dovecot from Debian, unpacked into .tools without root
	@sh deploy/tools.sh || [ -n "$(ALLOW_MISSING)" ]

browser: ## Chromium, for the wallboard's tests
	@sh deploy/browser.sh || [ -n "$(ALLOW_MISSING)" ]

.venv: requirements.lock
	@echo "Making .venv (about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d: set PYTHON=" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch .venv
