# `make help` lists the targets. The first run sets up .venv; PYTHON=... chooses another interpreter for it.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --quiet --disable-pip-version-check
# Files that record what is installed. If pyproject.toml is newer, it is installed again.
DEMO := $(VENV)/installed-demo
DEV := $(VENV)/installed-dev
SARIF_SCHEMA := https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: docs help demo test lint types unit wheel bench test-embedding soak test-editors fuzz test-pythons test-lowest panel mutants generate format clean site test-distributed test-web
unexport PYTHONHOME PYTHONPATH

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

demo: $(DEMO) ## Recommend an owner for the organisation in examples/organisation.yaml, with both engines
	$(PY) -m tools.demo examples/organisation.yaml

test: lint types unit wheel ## Run lint, types, unit and wheel, which must pass before a change is merged

lint: $(DEV) ## Check the style with ruff
	$(PY) -m ruff check
	$(PY) -m ruff format --check

types: $(DEV) ## Check the types with mypy, and the public names with pyright
	$(PY) -m mypy
	$(VENV)/bin/basedpyright --pythonpath $(PY)

unit: $(DEV) ## Run the tests, and the examples in examples/, docstrings and documentation
	$(PY) -m pytest -n 2 --dist worksteal

wheel: $(DEV) ## Build wheel and sdist, and try the wheel in an empty environment
	$(PY) -m tools.check_wheel

test-embedding: $(DEV) ## Test answers in real hosts (FastAPI, MCP, pydantic-ai), and the API against its description
	@$(PIP) install --group embedding
	CXRULES_TEST_EMBEDDING=1 $(PY) -m pytest tests/embedding

bench: $(DEV) ## Measure cxrules and its peers side by side
	@$(PY) -m tools.install_each bench
	$(PY) -m bench

soak: $(DEV) ## Run the tests marked soak at full size: minutes to hours
	$(PY) -m pytest -n 2 --dist worksteal -m soak --hypothesis-profile soak

test-editors: $(DEV) ## Try the real YAML language server (npm installs it in build/), the real pre-commit, SARIF's own schema
	@mkdir -p build/editors
	@npm install --silent --no-audit --no-fund --prefix build/editors yaml-language-server@1 || echo "SKIPPED: the YAML language server, which cannot be installed here."
	@$(PIP) install pre-commit || echo "SKIPPED: pre-commit, which cannot be installed here."
	@curl -fsSL -o build/editors/sarif.json $(SARIF_SCHEMA) || echo "SKIPPED: SARIF's published schema, which cannot be fetched here."
	PRE_COMMIT=$$(ls $(VENV)/bin/pre-commit 2>/dev/null) \
		YAML_LANGUAGE_SERVER=$$(ls $(CURDIR)/build/editors/node_modules/.bin/yaml-language-server 2>/dev/null) \
		SARIF_SCHEMA=$$(ls build/editors/sarif.json 2>/dev/null) \
		$(PY) -m pytest -q -rs tests/knowledge/test_language_server.py tests/project/test_pre_commit.py tests/cli/terminal/test_formats.py

fuzz: $(DEV) ## Try spoilt input on everything that reads input, for a minute or SECONDS=...
	$(PY) -m tools.fuzz --seconds $(or $(SECONDS),60)

test-pythons: $(DEV) ## Run the core tests on every Python available; the others are named
	$(PY) -m tools.pythons

test-lowest: $(DEV) ## Run the core tests with the lowest versions of all dependencies
	$(PY) -m tools.pythons --lowest

panel: $(DEV) ## Compare the rule base with all blind readings of the articles
	$(PY) -m tools.readings score
	$(PY) -m tools.readings agreement

mutants: $(DEV) ## Change the knowledge in small ways and see whether a test notices each change
	$(PY) -m tools.mutants

generate: $(DEV) ## Write every generated file again
	$(PY) -m tools.generate

test-web: $(DEV) ## Drive the page in a real browser (Chromium), with both back ends
	@$(PIP) install --group web
	@tools/get_chromium.sh
	CXRULES_TEST_WEB=1 $(PY) -m pytest -q tests/browser

site: $(DEV) ## Build the page as a static site in build/site: the library runs in the browser, nothing is sent
	$(PY) -m tools.site build/site

docs: $(DEV) ## Build the site in docs/_build: no warnings, every internal link checked
	@$(PIP) install --group docs
	$(PY) -m sphinx -W -q -j auto -b html docs docs/_build/html
	$(PY) -m sphinx -W -q -b linkcheck docs docs/_build/links

test-distributed: ## Decide frames on Spark, Dask, Ray and DuckDB, in a separate environment
	@tools/test_distributed.sh $(VENV)-distributed

format: $(DEV) ## Fix what ruff can fix
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

clean: ## Remove everything that was built, .venv included
	rm -rf $(VENV) $(VENV)-distributed build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@tools/make_venv.sh $(VENV)

$(DEMO): pyproject.toml | $(PY)
	@echo "Installing cxrules with its command line, experta and networkx ..."
	@$(PIP) install --no-compile --editable '.[cli,experta,graph]' # faster: only imported modules are compiled
	@touch $@

$(DEV): pyproject.toml | $(PY)
	@echo "Installing cxrules with all extras and what tests it ..."
	@$(PIP) install --no-compile --upgrade 'pip>=25.1' # the first that knows dependency groups
	@$(PIP) install --no-compile --editable '.[all]' --group dev
	@touch $(DEMO) $@
