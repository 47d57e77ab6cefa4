# Plumbline. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

GO ?= go
PKG := github.com/plumbline/plumbline

# buf is built from tools/buf, which takes some minutes of processor time once.
# `make buf-npm` installs the same version as a prebuilt binary in seconds; any
# other buf will do too: make generate BUF=buf
BUF_VERSION := $(shell awk '$$1 == "github.com/bufbuild/buf" { sub(/^v/, "", $$2); print $$2 }' tools/buf/go.mod)
BUF_NPM := bin/npm/node_modules/.bin/buf
BUF ?= $(if $(wildcard bin/buf),bin/buf,$(if $(wildcard $(BUF_NPM)),$(BUF_NPM),bin/buf))
BUF_NEEDED := $(filter bin/buf,$(BUF))

# What a build says of itself. A plain `go build` leaves these empty, and the
# program falls back on what the Go linker recorded.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT ?= $(shell git rev-parse -q --verify HEAD 2>/dev/null || echo unknown)
DATE ?= $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS = -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)

# What `make breaking` compares with: the last release.
BASE ?= $(shell git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null)

FUZZTIME ?= 10s
BENCH_ARGS ?=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-zA-Z_-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: build
build: ## Build bin/plumbline, with its version, commit and date
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/plumbline ./cmd/plumbline

.PHONY: demo
demo: build ## Build the program and run its demonstration
	bin/plumbline demo

.PHONY: test
test: ## Run the tests
	$(GO) test ./...

.PHONY: race
race: ## Run the tests under the race detector, but those of generators, which start no goroutine
	CGO_ENABLED=1 $(GO) test -race $$($(GO) list ./... | grep -v /guidance/internal/)

.PHONY: kill
kill: ## Kill a service at 20 points of a run over 10,000 systems (make test: over 3,000)
	PLUMBLINE_TEST_RUN_SYSTEMS=10000 $(GO) test -count=1 -run '^TestReassessKill$$' -v ./server/servertest

.PHONY: cover
cover: ## Run the tests and tell the coverage by function (bin/cover.out)
	@mkdir -p bin
	$(GO) test -coverprofile=bin/cover.all -coverpkg=./... ./...
	@grep -v '/proto/gen/' bin/cover.all > bin/cover.out
	$(GO) tool cover -func=bin/cover.out

.PHONY: fuzz
fuzz: ## Run every fuzz test for a short time (FUZZTIME=10s)
	@$(GO) test -list '^Fuzz' ./... \
	| awk '/^Fuzz/ { name[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print $$2, name[i]; n = 0 }' \
	| while read -r package target; do \
		echo "fuzz $$package $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null; \
	done

.PHONY: bench
bench: ## Run the benchmarks and print the goals (BENCH_ARGS=...)
	$(GO) run -C bench . $(BENCH_ARGS)

.PHONY: bench-scale
bench-scale: ## Measure a million hosts in one store (BENCH_ARGS='-hosts 100000')
	$(GO) run -C bench ./scale $(BENCH_ARGS)

.PHONY: generate
generate: .protodeps/.stamp $(BUF_NEEDED) ## Generate all code and the OpenAPI document into proto/gen
	$(BUF) generate

.PHONY: lint
lint: lint-proto lint-fmt vet staticcheck ## Run buf lint, gofmt, go vet and staticcheck

.PHONY: lint-proto
lint-proto: .protodeps/.stamp $(BUF_NEEDED) ## Check the .proto files
	$(BUF) lint

.PHONY: lint-fmt
lint-fmt: ## Check that all Go files are formatted
	@files=$$(find . -name '*.go' -not -path './bin/*' -not -path './.protodeps/*' -print0 | xargs -0 gofmt -l); \
	if [ -n "$$files" ]; then echo "not formatted by gofmt:"; echo "$$files"; exit 1; fi

.PHONY: vet
vet: ## Run go vet
	$(GO) vet ./...

.PHONY: staticcheck
staticcheck: ## Run staticcheck
	$(GO) tool staticcheck ./...

# The imported files are git-ignored, so that buf cannot read them from git:
# the old tree is laid out beside a copy of them.
.PHONY: breaking
breaking: .protodeps/.stamp $(BUF_NEEDED) ## Check that the API breaks no client of the last release (BASE=tag)
	@if [ -z "$(BASE)" ]; then echo "no release tag to compare with: skipped"; exit 0; fi; \
	if ! git cat-file -e "$(BASE):buf.yaml" 2>/dev/null; then echo "$(BASE) has no API: skipped"; exit 0; fi; \
	old=$$(mktemp -d); trap 'rm -rf "$$old"' EXIT; \
	git archive "$(BASE)" buf.yaml proto | tar -x -C "$$old"; \
	cp -R .protodeps "$$old/.protodeps"; \
	echo "comparing with $(BASE)"; \
	$(BUF) breaking proto --against "$$old/proto"

.PHONY: tidy
tidy: ## Check that the go.mod files are tidy
	@for module in $$(find . -name go.mod -not -path './bin/*' -print0 | xargs -0 -n1 dirname); do \
		case "$$module" in \
		./tools/buf) \
			: "go mod tidy would also load what only the tests of buf import; check what is built"; \
			echo "$$module: complete?"; \
			$(GO) list -C "$$module" -mod=readonly -deps github.com/bufbuild/buf/cmd/buf >/dev/null;; \
		*) \
			echo "$$module: tidy?"; \
			$(GO) mod tidy -C "$$module" -diff;; \
		esac; \
	done

.PHONY: ci
ci: ## Run everything that CI runs
	bash .ci/run

.PHONY: buf-npm
buf-npm: ## Install buf from npm, which is quicker than building it
	npm install --prefix bin/npm --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error @bufbuild/buf@$(BUF_VERSION)
	@test "$$($(BUF_NPM) --version)" = "$(BUF_VERSION)"

.PHONY: clean
clean: ## Remove what make has built (the generated code stays)
	rm -rf bin .protodeps

bin/buf: tools/buf/go.mod tools/buf/go.sum
	$(GO) build -C tools/buf -o ../../bin/buf github.com/bufbuild/buf/cmd/buf

.protodeps/.stamp: go.mod tools/protodeps/main.go
	$(GO) run ./tools/protodeps .protodeps
	@touch $@
