# make run   the seven steps on drawn pictures, or on your own: make run SOURCE=photos/
# make train teaches a small model, in a few minutes
# make model trains the small model inside the program anew, and tells how good it is
# make test  all checks and tests
# make bench us and the peers side by side, in tables; the peers are installed in build/ (TORCH=1: PyTorch too)
# make lint  the checks alone
# make kafka starts a broker, and prints its address; make kafka-stop

SOURCE ?= build/scenes
GO     ?= go
PROGRAM = build/pairstream

.PHONY: run train model test bench lint kafka kafka-stop program vips

run: program
	@test "$(SOURCE)" != build/scenes || $(GO) run ./examples/draw build/scenes
	$(PROGRAM) trace --source $(SOURCE) --sink parquet:build/embeddings.parquet --heatmap build/similarity.png

train: vips
	$(GO) run ./examples/train

model: vips
	$(GO) run ./model/tiny -seed 1
	$(GO) run ./model/tiny -evaluate

test: lint
	$(GO) test -count=1 ./internal/rules
	$(GO) test -race ./...
	$(GO) test -tags novips ./model/pixel ./stages
	.ci/arm64 test

bench: vips
	PAIRSTREAM_PYTHON=$$(.ci/bench-peers) $(GO) run ./cmd/pairstream/internal/bench

lint: vips
	test -z "$$(gofmt -l .)"
	$(GO) vet ./...
	.ci/arm64
	$(GO) tool staticcheck ./...
	.ci/vulnerabilities

kafka:
	@.ci/kafka

kafka-stop:
	@.ci/kafka stop

program: vips
	$(GO) build -trimpath -ldflags='-s -w' -o $(PROGRAM) ./cmd/pairstream

vips:
	@.ci/install-vips
