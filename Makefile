# make figures   draw every shipped run whose cohort can be had
# make test      unit tests, the notebooks against their stored outputs (nbval), figures against the tracked numbers
# Each makes .venv from the lock first, if it is not there: Python ≥3.11 and make are all it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: figures test lab site refresh lock cluster lock-cluster lock-prove lint bench shapes prove clean

figures: .venv/ready
	$(BIN)/lcnec batch

test: .venv/ready
	$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

# JupyterLab on the first notebook, contents beside it; what is run there by hand goes to build/scratch/, not to figures/
# LAB holds options of `jupyter lab`, as LAB="--no-browser --port=8900"
lab: .venv/ready
	@$(BIN)/jupyter trust notebooks/*.ipynb >/dev/null
	@[ "$$(id -u)" != 0 ] || echo "You are root: JupyterLab starts with --allow-root; whoever has its address with the token can do all that root can."
	JUPYTER_CONFIG_PATH=$(CURDIR)/.jupyter $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB)

# the pages for readers, build/site/html/index.html: from the figures, notebooks and answers that are here
site: .venv/ready
	$(BIN)/lcnec site

# store the outputs of the default run in the notebooks, after a change that was meant
refresh: .venv/ready
	$(BIN)/lcnec refresh
	$(BIN)/lcnec batch

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

# speed and memory beside public tools, into build/bench/ and BENCH.md; PARTS="r python": some of it
# AGAINST=<commit or clone>: instead, lcnec batch from nothing against an earlier state
bench: .venv/ready
	$(BIN)/python -m tests.bench $(PARTS) $(if $(AGAINST),--against $(AGAINST))

# ten cohorts shaped like real ones through every notebook: figures to look at, nothing asserted
shapes: .venv/ready
	$(BIN)/python tests/shapes.py

# what is too slow for make test: fuzzing, killed runs, mutants, planted faults, other environments, attacks, the lock's
# audit; each writes its section of docs/proof.md. PARTS="planted audit" runs those; `python tests/prove --list` names them
prove: .venv/ready
	$(BIN)/python tests/prove $(PARTS)

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=python3.12 …)"; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# needs uv; the lock holds one version per package for Python 3.11 to 3.13 on every system
lock:
	uv pip compile --universal --python-version 3.11 --fork-strategy fewest --no-strip-extras --generate-hashes \
	  --no-header --no-annotate --quiet pyproject.toml --extra dev --extra site -o requirements.lock

# an environment for clusters, .venv-cluster: the same versions, and Snakemake's plugin for Slurm (docs/cluster.md)
cluster: .venv-cluster/ready

.venv-cluster/ready: requirements.lock requirements-cluster.lock pyproject.toml
	$(PYTHON) -m venv .venv-cluster
	for lock in requirements.lock requirements-cluster.lock; do \
	  .venv-cluster/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $$lock || exit; \
	done
	.venv-cluster/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# needs uv; what the part `mutants` of make prove needs, in an environment of its own
lock-prove:
	echo "cosmic-ray>=8.7" | uv pip compile --universal --python-version 3.11 \
	  --fork-strategy fewest --no-strip-extras --generate-hashes --no-header --no-annotate --quiet \
	  - -o tests/prove/requirements.lock

# needs uv; what the plugin brings along, at the versions of requirements.lock where that has them
lock-cluster:
	echo "snakemake-executor-plugin-slurm>=2.8" | uv pip compile --universal --python-version 3.11 \
	  --fork-strategy fewest --no-strip-extras --generate-hashes --no-header --no-annotate --quiet \
	  -c requirements.lock - -o requirements-cluster.lock

clean:
	rm -rf build
