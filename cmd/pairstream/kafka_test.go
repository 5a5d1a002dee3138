package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// Pairs go through a topic into parts, bad ones among them, and a second run adds nothing.
func TestThroughKafkaIntoParts(t *testing.T) {
	t.Chdir(t.TempDir())
	broker := kafkatest.One(t)
	topic := broker.Topic(t, 3)
	address := fmt.Sprintf("kafka://%s/%s?format=raw", strings.Join(broker.Addresses, ","), topic)
	dir := drawn(t, 24)
	if err := os.WriteFile(filepath.Join(dir, "scene-000003.png"), []byte("\x89PNG\r\n\x1a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := program(t, "", "publish", "--source", dir, "--sink", address); status != 0 {
		t.Fatal(stderr)
	}
	for run, want := range []int{3, 0} { // the first run ends with the reject, the second has nothing left to do
		status, _, stderr := program(t, "", "embed", "--source", address+"&group=g&until=end", "--sink", "parquet:parts")
		if status != want {
			t.Fatalf("run %d: exit status %d, not %d: %s", run, status, want, stderr)
		}
		status, stdout, stderr := program(t, "", "verify", "parts")
		if status != 0 || !strings.Contains(stdout, "23 rows, 1 rejects, 0 problems") {
			t.Errorf("run %d: exit status %d: %s%s", run, status, stdout, stderr)
		}
	}
	parts, err := filepath.Glob("parts/*.parquet")
	if err != nil || len(parts) == 0 {
		t.Fatalf("%v, %v", parts, err)
	}
	bytes, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	bytes[len(bytes)/2] ^= 1
	if err := os.WriteFile(parts[0], bytes, 0o666); err != nil {
		t.Fatal(err)
	}
	if status, stdout, _ := program(t, "", "verify", "parts"); status != 1 || !strings.Contains(stdout, filepath.Base(parts[0])) {
		t.Errorf("a flipped bit: exit status %d: %s", status, stdout)
	}
}

// Descriptors of row groups go through a topic, and what those hold into parts: once, whoever takes them.
func TestShardsThroughKafka(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("data", 0o777); err != nil {
		t.Fatal(err)
	}
	for name, seed := range map[string]uint64{"data/a.parquet": 1, "data/b.parquet": 2} {
		drawn, file := &sources.Scenes{N: 12, Seed: seed, Size: 64}, &sinks.Parquet[batch.Pairs]{Path: name, GroupRows: 4}
		if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.From[batch.Pairs](drawn), file)); err != nil {
			t.Fatal(err)
		}
	}
	broker := kafkatest.One(t)
	topic := fmt.Sprintf("kafka://%s/%s?shards=1", strings.Join(broker.Addresses, ","), broker.Topic(t, 3))
	for range 2 { // descriptors may be delivered again
		if status, _, stderr := program(t, "", "publish", "--source", "parquet:data", "--sink", topic); status != 0 {
			t.Fatal(stderr)
		}
	}
	embed := []string{"embed", "--source", topic + "&group=g&until=end&root=data", "--sink", "parquet:parts"}
	for run := range 2 {
		if status, _, stderr := program(t, "", embed...); status != 0 {
			t.Fatalf("run %d: exit status %d: %s", run, status, stderr)
		}
		status, stdout, stderr := program(t, "", "verify", "parts")
		if status != 0 || !strings.Contains(stdout, "24 rows, 0 rejects, 0 problems") {
			t.Errorf("run %d: exit status %d: %s%s", run, status, stdout, stderr)
		}
	}
	for want, args := range map[string][]string{
		"only parquet: and tar: have":  {"publish", "--source", "scenes:3", "--sink", topic},
		"shards=1 is for publishing":   {"embed", "--source", "scenes:3", "--sink", topic},
		"shards=1 needs root=DIR":      {"embed", "--source", topic, "--sink", "parquet:parts"},
		"format=raw: descriptors are ": {"publish", "--source", "parquet:data", "--sink", topic + "&format=raw"},
	} {
		if status, _, stderr := program(t, "", args...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: exit status %d, %s", args, status, stderr)
		}
	}
}
