# hawser: build, demo, test. `make demo` and `make test` set up what they need on a fresh Debian machine with Go.
SHELL       := /bin/bash
GO          ?= go
GOFUMPT     := $(GO) run mvdan.cc/gofumpt@v0.12.0
STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
PEN         ?=
RUN         ?=
SEED        ?= 1
COUNT       ?= 20
E2E         := ./fixtures/demo ./fixtures/e2e/...
VERSION     := $(shell git describe --always --dirty 2>/dev/null || echo unknown)

# What the tests need beside Go: a compiler for the race detector, net-snmp's programs, a MIB checker, Redfish's outsiders.
PEERS := gcc libc6-dev curl snmp snmpd libsnmp-dev snmptrapd smitools redfishtool fence-agents procps xz-utils monitoring-plugins-basic iproute2 nftables pacemaker corosync pacemaker-cli-utils resource-agents kmod python3
# A browser for the manager's pages. npm brings its driver by the lock in fixtures/peers/browser; one from elsewhere is as good.
PEERS += chromium fonts-dejavu-core $(if $(shell command -v npm),,nodejs npm)
BROWSER := .cache/browser

.PHONY: build demo test check unit lint setup peers browser e2e bench bench-snmp mib package clean

build:
	$(GO) build -trimpath -buildvcs=false -ldflags "-X main.commit=$(VERSION)" -o bin/hawser ./plugin/cmd/hawser

demo: build
	bin/hawser demo --story --stay

# As root: installs what is missing. As an ordinary user: says what is missing; the tests that need it skip by name.
setup: peers browser

peers:
	@missing=""; for p in $(PEERS); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then echo "not installed, tests that need them are skipped:$$missing (as root, make setup installs them)"; exit 0; fi; \
	echo "installing:$$missing"; export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update && apt-get -qq -y --no-install-recommends install $$missing >/dev/null

# The modules of the browser tests, below an ignored folder, whole or not at all.
browser: peers
	@if ! command -v npm >/dev/null; then echo "no npm: the tests of the pages are skipped"; exit 0; fi; \
	if cmp -s fixtures/peers/browser/package-lock.json $(BROWSER)/installed; then exit 0; fi; \
	rm -rf $(BROWSER) && mkdir -p $(BROWSER) && cp fixtures/peers/browser/package.json fixtures/peers/browser/package-lock.json $(BROWSER)/ && \
	(cd $(BROWSER) && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) && \
	cp $(BROWSER)/package-lock.json $(BROWSER)/installed || \
	{ echo "npm ci has failed: the tests of the pages are skipped until make setup succeeds"; [ "$$CI" != true ]; }

# The end-to-end tests run the binary that they build: Go's test cache does not see it, so they always run.
test: setup build unit
	$(GO) test -race -timeout 30m -p 1 -count=1 $(E2E)

check: setup lint unit

# lint changes nothing: it names what is not as it should be.
lint:
	@out=$$($(GOFUMPT) -l .); if [ -n "$$out" ]; then echo "gofumpt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	@out=$$($(GO) fix -diff ./... 2>&1); if [ -n "$$out" ]; then echo "go fix would change:"; echo "$$out"; exit 1; fi
	$(STATICCHECK) -checks all ./...
	$(GO) generate ./...
	@if ! git diff --quiet -- mib/oids_gen.go; then echo "generated files are not current: commit what go generate made"; git diff --stat -- mib/oids_gen.go; exit 1; fi

# Unit tests: all packages but the end-to-end ones.
unit:
	$(GO) test -race -timeout 30m -p 2 $$($(GO) list ./... | grep -v -e /fixtures/e2e -e /fixtures/demo)

# One campaign, without the race detector: make e2e RUN=faults SEED=7 COUNT=100. It prints `campaign commit seeds faults failures`.
e2e: setup build
	@if [ -z "$(RUN)" ]; then echo "say which campaign: make e2e RUN=faults SEED=1 COUNT=20"; exit 2; fi
	$(GO) run ./fixtures/e2e/campaign -run $(RUN) -seed $(SEED) -count $(COUNT)

bench: bench-snmp

bench-snmp:
	$(GO) test -run '^$$' -bench . -benchmem ./plugin/agent ./plugin/agentx ./mib/snmp ./mib/view

# The module and its constants; PEN=n moves both to another enterprise number.
mib:
	cd mib && if [ -n "$(PEN)" ]; then $(GO) run ./gen -pen $(PEN); else $(GO) generate .; fi

clean:
	rm -rf bin demo
