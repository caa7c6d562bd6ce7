# make demo · make test: both set everything up by themselves (Python 3.11, make and git are enough).
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
DEMO_DIR ?= demo
BENCH_DIR ?= bench-data

.PHONY: setup demo test audit holes bench bench-province lint format types imports dictionary lock clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(STAMP)

demo: setup
	$(BIN)/zoufang demo --dir $(DEMO_DIR)

test: lint types imports
	$(BIN)/pytest -n 3 --dist loadgroup --no-loadscope-reorder

# Every figure of operation beside its floor, peer or bound: Zhejiang whole from raw files to published warehouse,
# what a changed file costs, growth to 56 million subjects, workers, faults, malformed files. Some four hours and
# 40 GB of disk; stopped, it takes up where it was.
bench: setup
	$(BIN)/python -m bench.everything --dir $(BENCH_DIR)

# Zhejiang whole, 11 million subjects, the first of the above: some twenty minutes, 30 GB of disk.
bench-province: setup
	$(BIN)/python -m bench.run --province --dir $(BENCH_DIR)/province

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup
	$(BIN)/mypy cli dashboard flows transforms expectations warehouse reference simulator bench

imports: setup
	$(BIN)/lint-imports

dictionary: setup
	$(BIN)/python -m warehouse.dictionary
	$(BIN)/python -m flows.rulebook

# The licence list anew, then known holes.
audit: setup
	$(BIN)/python -m bench.licences
	$(MAKE) --no-print-directory holes

# Known holes in what the lock names. An index that cannot be reached, or a copy without the lock's versions, has looked at
# nothing: it is asked for one first. --strict: no other may pass unseen.
holes: setup
	@if $(BIN)/python -c "import urllib.request as u; from importlib.metadata import version; \
	u.urlopen('https://pypi.org/pypi/prefect/' + version('prefect') + '/json', timeout=10)" 2>/dev/null; \
	then $(BIN)/uv tool run pip-audit==2.10.1 -r requirements.lock --disable-pip --require-hashes --strict; \
	else echo "pypi.org cannot be reached, or only a copy without the versions of requirements.lock: nobody looked for known holes"; fi

lock: setup
	$(BIN)/uv pip compile pyproject.toml --extra dask --extra dev --extra bench --generate-hashes --no-header --python-version 3.11 --upgrade -o requirements.lock

clean:
	rm -rf .venv demo bench-data .mypy_cache .ruff_cache .pytest_cache
