# Everything that is done with this project is a target here; each is a few lines over a script of Scripts/.
#
#   make up        installs what is missing, builds, starts a node with a demo pod and stays in the foreground
#   make down      ends every pod of that node and deletes its data directory
#   make test      every test; the last line counts them
#
# DATA_DIR=DIR and LISTEN=ADDRESS:PORT choose another node for up and down; the defaults are the program's own.

.PHONY: help build debug deps test-deps images up down test soak bench lint format abi clean

help:
	@sed -n 's/^#   //p' Makefile
	@echo "also: build deps test-deps images soak bench lint format abi clean"

# .build/release/pintle with its drivers and helper programs beside it, runnable in place. Installs nothing.
build:
	Scripts/build release

# The same for .build/debug, with the tests.
debug:
	Scripts/build debug

# Debian packages that building and running need.
deps:
	Scripts/install-packages $$(cat Scripts/packages.txt)

# Debian packages that only tests need, and Debian's kubectl in .build/tools.
test-deps: deps
	Scripts/install-packages $$(cat Scripts/test-packages.txt)
	Scripts/fetch-kubectl

# The images of tests and of the demo pod, built from Debian packages into .build/images.
images:
	Tests/Images/build-images

up: deps build images
	Scripts/up

down:
	Scripts/down

test: test-deps images debug
	Scripts/test

# The random schedules and the churn test at full size, against the debug build; then the tests under the sanitizers.
soak: test-deps images debug
	PINTLE_SCHEDULES=$${PINTLE_SCHEDULES:-10000} Scripts/test PintleNodeTests
	PINTLE_CHURN=$${PINTLE_CHURN:-200:10} Tests/EndToEnd/run --only churn
	Scripts/sanitize thread
	Scripts/sanitize address

bench: test-deps images build
	@set -e; for run in Benchmarks/*/run; do echo "== $$run"; $$run; done

lint:
	Scripts/lint

format:
	Scripts/format

# Everything that follows from specs/abi, and the check of the mapping tables.
abi:
	specs/abi/generate
	specs/abi/mapping/check

clean:
	rm -rf .build
