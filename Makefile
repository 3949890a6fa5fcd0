# Two commands on a bare Debian 12 (root, Python 3.11): `make demo` and `make test`. They install what is missing.
# `make nightly` runs the long checks that `make test` leaves out.
PYTHON ?= python3
WORKERS ?= 7
# Tests start Python hundreds of times: what is compiled once is kept.
unexport PYTHONDONTWRITEBYTECODE
FOR_LAB := mmdebstrap bubblewrap ca-certificates
FOR_DEMO := ffmpeg festival festvox-ru
FOR_TEST := iproute2 ffmpeg festival festvox-ru espeak-ng postgresql sip-tester chromium libatomic1

demo: .venv/ready
	@$(call debian,$(FOR_DEMO) $(if $(shell command -v asterisk),,$(FOR_LAB)))
	@.venv/bin/ivr demo

test: .venv/ready
	@$(call debian,$(FOR_TEST) $(if $(shell command -v asterisk),,$(FOR_LAB)))
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/ivr prompts check
	.venv/bin/pytest -n $(WORKERS) --dist loadfile $(PYTEST)

nightly: .venv/ready
	@$(call debian,$(FOR_TEST) $(if $(shell command -v asterisk),,$(FOR_LAB)))
	.venv/bin/pytest -m nightly $(PYTEST)

.venv/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { $(call debian,python3-venv); }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

# Installs Debian packages where one of them is missing; says so where it may not.
define debian
	for package in $(1); do dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; done; \
	if [ -n "$$missing" ]; then \
		if [ "$$(id -u)" != 0 ]; then echo "missing packages, install as root:$$missing"; exit 1; fi; \
		echo "installing:$$missing"; apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
endef

clean:
	-.venv/bin/ivr lab down
	rm -rf .venv var

.PHONY: demo test nightly clean
