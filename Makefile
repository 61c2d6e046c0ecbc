.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
READY := .venv/.ready

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml packaging/bootstrap.sh packaging/lou-connect
	@bash packaging/bootstrap.sh app

run: $(READY)  ## start Lou: the tray where there is a display, else headless
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then .venv/bin/lou; else .venv/bin/lou serve; fi

desktop: $(READY)
	@bash packaging/bootstrap.sh tests

test: desktop  ## run all tests with real parts: keyring, tray, emulator
	$(PYTHON) -m pytest -m "not bench"

check: desktop  ## format, lint, types, import contracts, tests
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports
	$(PYTHON) -m pytest -m "not bench"

bench: desktop  ## measure every promise and print the figures
	$(PYTHON) -m pytest -m bench

screenshots: desktop  ## drive the real application and write a PNG of every page
	$(PYTHON) -m tests.screenshots

.PHONY: help run desktop test check bench screenshots
