# The front door. The build itself is Meson's: see meson.build.
#
#   make, make build   the program, at build/espy
#   make run           set up, build, record a compiler at work and show what it did
#   make check         set up, build, all tests; the last line says N passed, N failed, N skipped
#   make bench         the figures, with other tools beside
#   make install       DESTDIR= and PREFIX= as usual
#   make lint          clang-format and clang-tidy
#   make setup         install the distribution's packages that are missing (needs root)
#   make clean

BUILD ?= build
SHELL := /bin/bash
# The distribution's own, whatever else stands in PATH before it.
MESON ?= $(or $(wildcard /usr/bin/meson),meson)
NINJA ?= $(or $(wildcard /usr/bin/ninja),ninja)
export NINJA

.PHONY: build run check sanitized bench install lint setup clean
.NOTPARALLEL:

build: | $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)

$(BUILD)/build.ninja:
	tools/setup build
	$(MESON) setup $(BUILD) $(if $(PREFIX),--prefix=$(PREFIX)) $(MESONFLAGS)

setup:
	@tools/setup

run: setup build
	@tools/demo $(BUILD)/espy

# TESTS names a few; without it everything runs, and what needs no kernel once more under sanitizers.
check: setup build $(if $(TESTS),,sanitized)
	@tools/check-results $(BUILD) $(if $(TESTS),-- $(TESTS),$(BUILD)/sanitized=unit,golden,fuzz)

sanitized: | $(BUILD)/sanitized/build.ninja
	$(NINJA) -C $(BUILD)/sanitized

$(BUILD)/sanitized/build.ninja: | $(BUILD)/build.ninja
	$(MESON) setup $(BUILD)/sanitized -Db_sanitize=address,undefined -Dbuildtype=debug $(MESONFLAGS)

bench: setup build
	@tools/setup bench $(BUILD)
	@bench/run $(BUILD)/espy

install: build
	$(if $(PREFIX),$(MESON) configure $(BUILD) --prefix=$(PREFIX))
	$(MESON) install -C $(BUILD)

lint: setup build
	@tests/check/check-format
	@tests/check/check-tidy $(BUILD)

clean:
	rm -rf $(BUILD)
