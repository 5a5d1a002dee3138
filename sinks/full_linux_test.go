package sinks_test

import (
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// limitFiles lets no file of this process grow beyond so many bytes while a function runs.
func limitFiles(t *testing.T, bytes uint64, during func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}()
	during()
}

// A disk can become full at any byte: in the head of a file, between its rows, in its footer. The limit that stands in
// for that holds for all of a process, so this is done in one of its own.
func TestFullDisk(t *testing.T) {
	const mark = "TEST_FULL_DISK"
	if os.Getenv(mark) == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
		child.Env = append(os.Environ(), mark+"=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	ctx := pipetest.Context(t)
	v := vectors(t, ctx, 250, 16, "a")
	defer v.Release()
	all := maps.Clone(files)
	all["parts"] = func(dir string) pipeline.Sink[batch.Vectors] {
		return &sinks.Parts[batch.Vectors]{Dir: dir, GroupRows: 64}
	}
	for name, make := range all {
		t.Run(name, func(t *testing.T) {
			failed, done := 0, 0
			for limit := uint64(1); limit < 200_000; limit = limit*9/8 + 1 {
				dir := t.TempDir()
				s := make(dir)
				var err error
				limitFiles(t, limit, func() {
					if err = s.(pipeline.Opener).Open(ctx); err != nil {
						return
					}
					if err = s.Write(ctx, v); err != nil {
						if err := s.(pipeline.Aborter).Abort(); err != nil {
							t.Errorf("abort: %v", err)
						}
						return
					}
					err = s.Close()
				})
				left := tree(t, dir)
				switch {
				case err == nil:
					done++
				case !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "file too large"):
					t.Errorf("at %d bytes: %q", limit, err)
				case len(left) > 0:
					t.Errorf("at %d bytes: left %v", limit, left)
				default:
					failed++
				}
			}
			if failed == 0 || done == 0 {
				t.Errorf("%d limits failed and %d did not: the test needs both", failed, done)
			}
		})
	}
}
