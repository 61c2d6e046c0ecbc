.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
READY := .venv/.ready

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml packaging/requirements.lock packaging/firestore.lock packaging/bootstrap.sh packaging/lou packaging/lou-connect
	@bash packaging/bootstrap.sh app

run: $(READY)  ## start Lou: the tray where there is a display, else headless
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then .venv/bin/lou; else .venv/bin/lou serve; fi

desktop: $(READY)
	@bash packaging/bootstrap.sh tests

test: desktop  ## run all tests with real parts: keyring, tray, emulator
	$(PYTHON) -m tests.lanes

check: desktop  ## format, lint, types, import contracts, known vulnerabilities, tests
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy
	for system in win32 darwin; do \
	  $(PYTHON) -m mypy --platform $$system --no-warn-unreachable --cache-dir .mypy_cache/$$system || exit 1; done
	.venv/bin/lint-imports
	$(PYTHON) packaging/audit.py
	$(PYTHON) -m tests.lanes

bench: desktop  ## measure every promise and print the figures; last, Lou beside other bridges
	$(PYTHON) -m pytest -m bench
	$(PYTHON) -m tests.bench.compare

lock: desktop  ## pin the newest packages that fit pyproject.toml, each by its hash
	$(PYTHON) packaging/lock.py --upgrade
	$(PYTHON) packaging/audit.py

test-windows: desktop  ## run what concerns Windows on a Windows under Wine
	$(PYTHON) -m pytest -m "not bench and not dist" tests/windows

test-slow: desktop  ## run all tests on a quarter of one core
	$(PYTHON) -m tests.conditions --cpu 25 -- $(PYTHON) -m pytest -m "not bench and not dist"

test-wide: desktop  ## run the tests of the window with fonts that are 30 % wider
	$(PYTHON) -m tests.conditions --wider 30 -- $(PYTHON) -m pytest -m "not bench and not dist" tests/ui

dist: desktop  ## make what is shipped: wheel, Debian package, archive, setup program
	$(PYTHON) packaging/dist

test-dist: desktop  ## install, use and remove each artifact of dist/ as a stranger would
	$(PYTHON) -m pytest -m dist -o faulthandler_timeout=0 tests/install

docs: $(READY)  ## write docs/settings.md, clients.md, keys.md and the list of modules in architecture.md
	$(PYTHON) packaging/settings_page.py
	$(PYTHON) packaging/pages.py

icons: $(READY)  ## draw the icons of the tray and the task bar from their SVG files
	$(PYTHON) packaging/icons.py

screenshots: desktop  ## drive the real application and write a PNG of every page
	$(PYTHON) -m tests.screenshots

.PHONY: help run desktop test check bench lock docs icons test-slow test-wide test-windows screenshots dist test-dist
