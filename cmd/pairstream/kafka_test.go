package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/internal/kafkatest"
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
