# loadgen. `make` builds it, `make static` builds one that needs nothing where
# it runs, `make demo` shows it on a target of its own, `make check` passes all
# tests; the last three install the Debian packages that are missing first.

CC      ?= cc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
BUILD   ?= build
PYTEST  ?= /usr/bin/pytest-3
CLANG   ?= clang
# the way to wait for descriptors: epoll, or poll where there is none
POLLER  ?= $(if $(filter Linux,$(shell uname -s)),epoll,poll)
# how many calls of each kind `make torture` lets fail in each process
TORTURE ?= 300
# how long `make soak` takes, in seconds
SOAK_TIME ?= 3600
# how long `make fuzz` tries each parser, in seconds
FUZZ_TIME ?= 60

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wvla -Wimplicit-fallthrough -fno-common
STANDARD = -std=c11 -D_POSIX_C_SOURCE=200809L -I.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
COMPILE  = $(CC) $(STANDARD) $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP
LINK     = $(CC) $(CFLAGS) $(LDFLAGS)
LIBS     = -lcurl -linih -ljson-c -lm $(LDLIBS)

# the rooms: everything but main()
SOURCES  = options.c options_foreign.c options_words.c ready.c find.c find_plan.c find_search.c run.c around.c \
	errand.c events.c controls.c keyboard.c news.c once.c signals.c \
	worker.c tally.c agent.c agent_hear.c agent_plan.c agent_ready.c \
	agent_tell.c gather.c host_names.c intake.c muster.c roll.c report.c \
	stats.c base/poller_$(POLLER).c \
	$(filter-out base/poller_%,$(wildcard base/*.c)) \
	$(wildcard plan/*.c load/*.c fleet/*.c hook/*.c report/*.c)
OBJECTS  = $(SOURCES:%.c=$(BUILD)/%.o)
TARGET   = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/target/*.c))
UNIT     = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FUZZERS  = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
C_FILES  = $(wildcard *.[ch] base/*.[ch] plan/*.[ch] load/*.[ch] fleet/*.[ch] \
	hook/*.[ch] report/*.[ch] tests/*/*.[ch] bench/*.[ch])

all: loadgen

loadgen: $(BUILD)/loadgen
	cp $< $@

# --- building ---------------------------------------------------------------

$(BUILD)/loadgen: $(BUILD)/loadgen.o $(BUILD)/rooms.a
	$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/rooms.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/tests/target/target: $(TARGET)
	$(LINK) -o $@ $^ -lmicrohttpd -ljson-c -lpthread

$(BUILD)/tests/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/rooms.a
	$(LINK) -o $@ $^ -lcmocka $(LIBS)

$(BUILD)/bench/bare: $(BUILD)/bench/bare.o
	$(LINK) -o $@ $^ -lcurl

$(BUILD)/bench/peers: $(BUILD)/bench/peers.o $(BUILD)/rooms.a
	$(LINK) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(COMPILE) -c -o $@ $<

# --- a binary for any Linux of this architecture ------------------------------

STATIC = build-static
STATIC_LIBS = $(STATIC)/curl/libcurl.a -lnghttp2 -lssl -lcrypto -lz -linih \
	-ljson-c -lm

static:
	@sh tests/install-packages static
	@$(MAKE) --no-print-directory static-installed

static-installed: $(STATIC)/curl/libcurl.a
	@$(MAKE) -s BUILD=$(STATIC) \
	    CPPFLAGS="-DLOADGEN_STATIC -I$(STATIC)/curl/include $(CPPFLAGS)" \
	    $(STATIC)/loadgen-static
	cp $(STATIC)/loadgen-static loadgen-static

$(STATIC)/curl/libcurl.a: static/build-libcurl
	CC="$(CC)" sh static/build-libcurl $(@D)

# The linker warns that getaddrinfo and others may load shared libraries. They
# do not: load/resolve.c sees to that for names, static/build-libcurl for TLS.
$(BUILD)/loadgen-static: $(BUILD)/loadgen.o $(BUILD)/rooms.a \
		$(STATIC)/curl/libcurl.a
	@echo "linking $@"
	@$(LINK) -static -s -o $@ $(BUILD)/loadgen.o $(BUILD)/rooms.a \
	    $(STATIC_LIBS) 2>$@.log || { cat $@.log >&2; exit 1; }
	@grep -v -e 'in statically linked applications requires at runtime' \
	    -e ': in function ' $@.log >&2 || true

# --- showing and testing ----------------------------------------------------

demo:
	@sh tests/install-packages demo
	@$(MAKE) --no-print-directory -s loadgen $(BUILD)/tests/target/target
	@sh tests/demo ./loadgen $(BUILD)/tests/target/target

check:
	@sh tests/install-packages check
	@$(MAKE) --no-print-directory check-installed

# The same without installing anything. The end-to-end tests mostly wait: four
# halves of rounds beside each other take less than two cores.
check-installed: check-builds check-fuzz unit unit-asan
	@$(MAKE) -s e2e-binaries
	@$(MAKE) -s BUILD=build-asan CFLAGS="-O1 -g $(SANITIZE)" e2e-binaries
	@$(MAKE) -j4 --output-sync=target --no-print-directory \
	    e2e-asan-half1 e2e-asan-half2 e2e-half1 e2e-half2 \
	    e2e-hosts-half1 e2e-hosts-half2

%-half1:
	@PART=1/2 $(MAKE) --no-print-directory $*

%-half2:
	@PART=2/2 $(MAKE) --no-print-directory $*

unit: $(UNIT)
	@set -e; for test in $(UNIT); do echo "$$test"; $$test; done

e2e-binaries: $(BUILD)/loadgen $(BUILD)/tests/target/target

e2e: e2e-binaries
	LOADGEN=$(abspath $(BUILD)/loadgen) \
	TARGET=$(abspath $(BUILD)/tests/target/target) \
	$(PYTEST) -q -p no:cacheprovider tests/e2e

# every call fails in turn, every process is killed at many moments, which takes
# some minutes; `make e2e` tries a few
torture: $(BUILD)/loadgen $(BUILD)/tests/target/target
	LOADGEN=$(abspath $(BUILD)/loadgen) TORTURE=$(TORTURE) ROUNDS=25 \
	TARGET=$(abspath $(BUILD)/tests/target/target) \
	$(PYTEST) -q -p no:cacheprovider tests/e2e/test_torture.py \
	    tests/e2e/test_faults_processes.py

# whether memory, descriptors and files stay flat
soak: $(BUILD)/loadgen $(BUILD)/tests/target/target
	LOADGEN=$(abspath $(BUILD)/loadgen) SOAK_TIME=$(SOAK_TIME) \
	TARGET=$(abspath $(BUILD)/tests/target/target) tests/soak

# all that plays a load plays it on a pretended host, and has to leave the same
e2e-hosts:
	@HOSTS=1 $(MAKE) --no-print-directory e2e

# all of it under AddressSanitizer and UndefinedBehaviorSanitizer
check-asan: unit-asan e2e-asan

unit-asan:
	@$(MAKE) -s BUILD=build-asan CFLAGS="-O1 -g $(SANITIZE)" unit

e2e-asan:
	@$(MAKE) -s BUILD=build-asan CFLAGS="-O1 -g $(SANITIZE)" e2e

# the long way to a static binary is mostly a configure, which takes one core
check-builds:
	@$(MAKE) -j2 --output-sync=target --no-print-directory check-static \
	    check-warnings

# all of it without a warning, with both compilers, and with the other poller
check-warnings:
	@$(MAKE) -s BUILD=build-gcc CC=gcc POLLER=poll CFLAGS="-O2 -Werror" \
	    everything
	@$(MAKE) -s BUILD=build-clang CC=$(CLANG) CFLAGS="-O1 -Werror" everything
	build-gcc/tests/test_poller

everything: $(BUILD)/loadgen $(UNIT) $(BUILD)/tests/target/target \
	$(BUILD)/bench/bare $(BUILD)/bench/peers

# the static binary for the end-to-end tests, which leave out its tests only
# where the source of libcurl cannot be had: nothing was built then
check-static:
	@if $(MAKE) -s $(STATIC)/curl/libcurl.a || \
	    [ -e $(STATIC)/curl/build.log ]; then \
	    $(MAKE) -s static-installed; \
	else \
	    echo 'check: no static binary here: its tests are left out' >&2; \
	fi

# the fuzz targets on what they were given or found before
CORPUS_agent     = tests/fuzz/corpus/agent
CORPUS_baseline  = tests/fuzz/corpus/baseline
CORPUS_condition = tests/fuzz/corpus/condition
CORPUS_data      = tests/fuzz/corpus/data
CORPUS_heard     = tests/fuzz/corpus/heard
CORPUS_mask      = tests/fuzz/corpus/mask
CORPUS_plan      = tests/plans/good tests/plans/bad
CORPUS_template  = tests/fuzz/corpus/template
CORPUS_wire      = tests/fuzz/corpus/wire

check-fuzz: fuzzers
	@$(foreach f,$(FUZZERS),echo fuzz_$f && \
	    build-fuzz/fuzz_$f -verbosity=0 -runs=0 -timeout=5 $(CORPUS_$f) &&) true

fuzz: fuzzers
	@$(foreach f,$(FUZZERS),mkdir -p build-fuzz/corpus/$f && \
	    build-fuzz/fuzz_$f -max_total_time=$(FUZZ_TIME) -timeout=5 \
		build-fuzz/corpus/$f $(CORPUS_$f) &&) true

fuzzers:
	@$(MAKE) -s BUILD=build-fuzz CC=$(CLANG) \
	    CFLAGS="-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link" \
	    $(FUZZERS:%=build-fuzz/fuzz_%)

$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/rooms.a
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

# 25 minutes on a quiet machine; the tables go to bench-results.md, and from
# there with `bench/run --readme` into the README
bench: $(BUILD)/loadgen $(BUILD)/bench/bare
	LOADGEN=$(BUILD)/loadgen BARE=$(BUILD)/bench/bare bench/run $(BENCH)

bench-scale: $(BUILD)/loadgen $(BUILD)/bench/peers
	LOADGEN=$(BUILD)/loadgen PEERS=$(BUILD)/bench/peers \
	bench/scale $(BENCH)

# --- keeping it tidy --------------------------------------------------------

lint:
	clang-format --dry-run -Werror $(C_FILES)
	cppcheck --quiet --error-exitcode=1 --std=c11 \
	    --suppress=CastIntegerToAddressAtReturn \
	    --enable=warning,performance,portability -I. $(SOURCES) loadgen.c

format:
	clang-format -i $(C_FILES)

# --- putting it into place --------------------------------------------------

VERSION = $(shell sed -n 's/^.define LOADGEN_VERSION "\(.*\)"$$/\1/p' base/util.h)
MANUALS = $(wildcard man/*.[1-8])
PLACE   = $(DESTDIR)$(PREFIX)
BASH_COMPLETION = share/bash-completion/completions/loadgen
ZSH_COMPLETION  = share/zsh/site-functions/_loadgen
# man/loadgen.1 goes to share/man/man1/loadgen.1
manual_place = share/man/man$(patsubst .%,%,$(suffix $1))/$(notdir $1)
INSTALLED = bin/loadgen $(BASH_COMPLETION) $(ZSH_COMPLETION) \
	$(foreach m,$(MANUALS),$(call manual_place,$m))

install: loadgen
	install -d $(addprefix $(PLACE)/,$(sort $(dir $(INSTALLED))))
	install -m 755 loadgen $(PLACE)/bin/loadgen
	install -m 644 completions/loadgen.bash $(PLACE)/$(BASH_COMPLETION)
	install -m 644 completions/_loadgen $(PLACE)/$(ZSH_COMPLETION)
	$(foreach m,$(MANUALS),\
	    install -m 644 $m $(PLACE)/$(call manual_place,$m) &&) true

uninstall:
	rm -f $(addprefix $(PLACE)/,$(INSTALLED))

# what the last commit holds
dist:
	git archive --prefix=loadgen-$(VERSION)/ -o loadgen-$(VERSION).tar.gz HEAD

clean:
	rm -rf build build-* loadgen loadgen-static loadgen-*.tar.gz

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)

.PHONY: all static static-installed demo check check-installed check-builds \
	check-static unit e2e-binaries e2e e2e-hosts check-asan unit-asan e2e-asan \
	check-warnings everything check-fuzz fuzz fuzzers torture soak bench \
	bench-scale lint format install uninstall dist clean
.SECONDARY:
