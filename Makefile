# Waypost. `make run` serves everything on this machine; `make test` proves it. Go, git and make are enough: what else
# is needed is installed or embedded by these commands.

SHELL := /bin/bash
BIN := bin/waypost

.DEFAULT_GOAL := help
.PHONY: help run build test race fuzz bench faults times lint check fmt parts ui screenshots

help: ## list what make can do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 18

run: build ## serve everything on the embedded default with demo data and a sink for its postbacks; print log-ins and a walk
	@WAYPOST_DEMO=true exec ./$(BIN) serve

build: ## build bin/waypost
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -o $(BIN) ./cmd/waypost

test: parts check build ## install what the tests need, then run every test
	go test -timeout 15m ./...

screenshots: parts ## every page of the three portals, in light and dark, wide and narrow, as pictures in tmp/screenshots
	WAYPOST_SCREENSHOTS=$(CURDIR)/tmp/screenshots go test ./e2e -run 'TestPages$$' -count=1 -timeout 60m

race: parts ## the tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout 30m ./...

FUZZTIME ?= 30s
fuzz: parts ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; done; done

BENCH ?=
bench: build parts ## figures beside ceilings, rivals and targets, about six minutes (BENCH=flags; see docs/performance.md)
	go run ./bench $(BENCH)

# The proofs inside the packages come first, so that the table stands at the end.
FAULTS ?= minutes
SEED ?= 1
faults: build parts ## kill, hang, cut off and fill up what Waypost stands on, and compare: 20 minutes (FAULTS=full: hours; see docs/performance.md)
	@set -o pipefail; go test ./spool -count=1 -v -timeout 30m -kill-lives $(if $(filter full,$(FAULTS)),50,20) -run 'TestKill|TestTruncatedAtEveryByte|TestBitFlips|TestDisk|TestRecoversWithoutTraffic|TestDamage|TestTailOfZeros' | grep -E '^(---|ok|FAIL|panic)|_test.go:'
	@set -o pipefail; go test ./jobs ./domain/postback ./tracking -count=1 -v -timeout 30m -run 'TestLongQueueOfAHangingHost|TestClock|TestHangingDatabase|TestResultsOutlive|TestDeadWorkersLease|TestStaleResult|TestTwoProcesses|TestRedirectsGoOnWithoutASpool|TestPostbackWithoutASpool|TestPostbackThatCannotBeDecided' | grep -E '^(---|ok|FAIL|panic)|_test.go:'
	@set -o pipefail; go test ./domain/conversion -count=1 -v -timeout 60m -run 'TestCommissionAgreesWithRationals' -commission-cases 1000000 | grep -E '^(---|ok|FAIL|panic)|_test.go:'
	go run ./bench -only hanging -stored 1000
	@set -o pipefail; go test -tags bench ./e2e -count=1 -v -timeout 12h -run 'TestFault|TestFlushedRedis|TestWorkerKilled|TestManyFailed' -faults=$(FAULTS) -faults-seed=$(SEED) | grep -vE '^=== '

times: parts ## how long each page of the portals takes on the demo's data
	go test -tags bench ./server -run 'TestTimesOfPages$$' -count=1 -v

lint: check ## everything of check, and govulncheck
	@sh .ci/govulncheck.sh

check: ui ## gofmt, go vet, staticcheck, and that the committed files of the portals are what their sources make
	@test -z "$$(git status --porcelain -- ui/dist '*_templ.go')" || { echo "commit what make ui makes:"; git status --short -- ui/dist '*_templ.go'; exit 1; }
	@test -z "$$(gofmt -l .)" || { echo "run make fmt:"; gofmt -l .; exit 1; }
	go vet -tags bench ./...
	go tool staticcheck -tags bench ./...

ui: ## make the templates' Go files and ui/dist from their sources
	@go tool templ generate -log-level error
	@go run ./ui/build

fmt: ## format the source
	gofmt -w .

parts: ## install the parts of the tests that Go does not bring
	@sh .ci/parts.sh
