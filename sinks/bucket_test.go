package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	objects "github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

// buckets runs a test in each kind of bucket. It is given what makes addresses of keys.
func buckets(t *testing.T, test func(t *testing.T, address func(key string) string)) {
	t.Run("s3", func(t *testing.T) { test(t, storetest.StartS3(t).Address) })
	t.Run("gs", func(t *testing.T) { storetest.StartGS(t); test(t, storetest.GSAddress) })
}

// inPieces is the option by which most parts are put in pieces, by multipart uploads.
const inPieces = "&one_put=700"

// fetch copies what is below an address to a directory.
func fetch(t testing.TB, address, dir string) {
	t.Helper()
	s, at, err := objects.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	entries, err := s.ReadDir(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		from, to := objects.Join(at, e.Name()), filepath.Join(dir, e.Name())
		if e.IsDir() {
			_, options := objects.CutOptions(address)
			if err := os.MkdirAll(to, 0o777); err != nil {
				t.Fatal(err)
			}
			if options != "" {
				options = "?" + options
			}
			fetch(t, from+options, to)
			continue
		}
		f, err := s.Open(t.Context(), from)
		if err != nil {
			t.Fatal(err)
		}
		out, err := os.Create(to)
		if err == nil {
			_, err = out.ReadFrom(f)
			err = errors.Join(err, out.Close(), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// checkOnceAt is checkOnce of parts in a bucket, which are verified there too.
func checkOnceAt(t *testing.T, what, address string, all []delivery) {
	t.Helper()
	report, err := sinks.Verify(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Errorf("%s: %s", what, problem)
	}
	dir := t.TempDir()
	fetch(t, address, dir)
	checkOnce(t, what, dir, all)
}

// The files that sinks put into a bucket are, byte for byte, those that they write to a disk.
func TestSinksInBuckets(t *testing.T) {
	buckets(t, func(t *testing.T, address func(string) string) {
		ctx := pipetest.Context(t)
		v := vectors(t, ctx, 250, 16, "a")
		defer v.Release()
		for name, make := range files {
			t.Run(name, func(t *testing.T) {
				disk, there := t.TempDir(), t.TempDir()
				store(t, ctx, make(disk), v)
				s := atAddress(make(""), func(path string) string { return address(name + "/" + strings.TrimPrefix(path, "/")) })
				open(t, ctx, s)
				if err := s.Write(ctx, v); err != nil {
					t.Fatal(err)
				}
				fetch(t, address(name), there)
				if left := tree(t, there); len(left) > 0 {
					t.Errorf("there before Close: %v", left)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				fetch(t, address(name), there)
				want := tree(t, disk)
				if got := tree(t, there); !slices.Equal(got, want) {
					t.Fatalf("%v, not %v", got, want)
				}
				for _, file := range want {
					if read(t, filepath.Join(there, file)) != read(t, filepath.Join(disk, file)) {
						t.Errorf("%s differs", file)
					}
				}
				again := atAddress(make(""), func(path string) string { return address(name + "/" + strings.TrimPrefix(path, "/")) })
				store(t, ctx, again, v) // it replaces them
				fetch(t, address(name), there)
				if got := tree(t, there); !slices.Equal(got, want) {
					t.Errorf("%v after a second run, not %v", got, want)
				}
			})
		}
	})
}

// atAddress makes a sink's path an address.
func atAddress(s pipeline.Sink[batch.Vectors], address func(path string) string) pipeline.Sink[batch.Vectors] {
	switch s := s.(type) {
	case *sinks.Parquet[batch.Vectors]:
		s.Path = address(s.Path)
	case *sinks.Npy:
		s.Dir = address(s.Dir)
	case *sinks.Array[batch.Vectors]:
		s.Path = address(s.Path)
	case *sinks.JSONL[batch.Vectors]:
		s.Path = address(s.Path)
	}
	return s
}

func TestPartsKeepTheContractInBuckets(t *testing.T) {
	buckets(t, func(t *testing.T, address func(string) string) {
		n := 0
		pipetest.TestSink(t, func(t *testing.T) (pipeline.Sink[batch.Vectors], func() int64) {
			n++
			at := address(fmt.Sprint("run", n))
			return &everNew{Parts: &vectorParts{Dir: at}}, func() int64 {
				report, err := sinks.Verify(t.Context(), at)
				if err != nil || len(report.Problems) > 0 {
					t.Errorf("%v, %v", err, report.Problems)
				}
				return report.Rows
			}
		}, func(ctx context.Context) batch.Vectors { return vectors(t, ctx, 5, 3, "a") })
	})
}

// Workers that all have the same lanes, most of them wrongly, do not harm one another.
func TestPartsOfManyWritersInBuckets(t *testing.T) {
	t.Run("s3 in pieces", func(t *testing.T) {
		server := storetest.StartS3(t)
		manyWriters(t, func(key string) string { return server.Address(key) + inPieces })
		if n := server.Unfinished(); n > 0 {
			t.Errorf("%d multipart uploads are left", n)
		}
	})
	buckets(t, manyWriters)
}

func manyWriters(t *testing.T, address func(string) string) {
	ctx := pipetest.Context(t)
	for seed := range seedsOr(t, 3) {
		all := deliveries(seed, 20)
		at := address(fmt.Sprint("seed", seed))
		var workers sync.WaitGroup
		for worker := range int64(4) {
			workers.Go(func() {
				s := &vectorParts{Dir: at, PartBytes: 300 + 200*worker}
				if _, err := deliver(t, ctx, s, all); err != nil {
					t.Errorf("seed %d, worker %d: %v", seed, worker, err)
				}
			})
		}
		workers.Wait()
		checkOnceAt(t, fmt.Sprint("seed ", seed), at, all)
	}
}

// Requests are lost before and after they are carried out, answered wrongly, or carried out when their sender has given
// up. Runs that fail by that are begun anew. In the end each row is stored once.
func TestPartsThroughFaults(t *testing.T) {
	server := storetest.StartS3(t)
	faults := []storetest.Fault{storetest.Drop, storetest.Lose, storetest.Cut, storetest.Fail, storetest.LoseFailed, storetest.SlowDown, storetest.Late}
	ctx := pipetest.Context(t)
	failed := 0
	for seed := range seedsOr(t, 2) {
		random := rand.New(rand.NewPCG(seed, 3))
		at := server.Address(fmt.Sprint("seed", seed))
		if seed%2 == 1 {
			at += inPieces
		}
		all := deliveries(seed, 8)
		rest := all
		for run := 0; ; run++ {
			left, lot := random.IntN(15), rand.New(rand.NewPCG(seed, uint64(run))) // requests before the network is gone
			server.Faults.Set(func(*http.Request) storetest.Fault {
				if left--; left < 0 && run < 2 {
					return storetest.Drop
				}
				if run < 4 && lot.IntN(4) == 0 {
					return faults[lot.IntN(len(faults))]
				}
				return storetest.None
			})
			durable, err := deliver(t, ctx, &vectorParts{Dir: at, PartBytes: 1 + random.Int64N(1500)}, rest)
			if err == nil {
				break
			}
			failed++
			if line, _, _ := strings.Cut(err.Error(), "\n"); !strings.Contains(line, "s3://pairs/seed") {
				t.Errorf("seed %d: %q", seed, err)
			}
			rest = rest[durable:]
			if random.IntN(2) == 0 {
				server.Faults.Set(nil)
				rest = resumed(t, ctx, at, sinks.NoSync, rest)
			}
		}
		server.Faults.Set(nil)
		server.Faults.Settle()
		checkOnceAt(t, fmt.Sprint("seed ", seed), at, all)
	}
	t.Logf("%d runs failed", failed)
	if failed == 0 {
		t.Error("no run failed: the test needs some")
	}
}

// The answer to every put is lost: the library asks again, and is told that there is a part already, which is its own.
func TestPartsWhoseAnswersAreLost(t *testing.T) {
	server := storetest.StartS3(t)
	ctx := pipetest.Context(t)
	for i, fault := range []storetest.Fault{storetest.Lose, storetest.LoseFailed, storetest.Lose, storetest.LoseFailed, storetest.Cut} {
		at, puts := server.Address(fmt.Sprint("fault", i)), func(r *http.Request) bool { return r.Method == http.MethodPut }
		if i >= 2 {
			at += inPieces
			puts = func(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Query().Has("uploadId") }
		}
		first := map[string]bool{}
		server.Faults.Set(func(r *http.Request) storetest.Fault {
			if !puts(r) || first[r.URL.Path] {
				return storetest.None
			}
			first[r.URL.Path] = true
			return fault
		})
		all := deliveries(1, 4)
		if durable, err := deliver(t, ctx, &vectorParts{Dir: at, PartBytes: onePart}, all); err != nil || durable != len(all) {
			t.Errorf("%d of %d durable, %v", durable, len(all), err)
		}
		if len(first) < 2 {
			t.Errorf("%d parts: the test needs some", len(first))
		}
		server.Faults.Set(nil)
		checkOnceAt(t, fmt.Sprint("fault ", fault), at, all)
		if n := server.Unfinished(); n > 0 {
			t.Errorf("%d multipart uploads are left", n)
		}
	}
}

// Two workers are killed at a random moment, as often as there are seeds, and what they leave is completed.
func TestPartsInABucketWhenWritersAreKilled(t *testing.T) {
	const mark, batches = "TEST_PARTS_ADDRESS", 60
	if at := os.Getenv(mark); at != "" {
		var seed uint64
		fmt.Sscan(os.Getenv("TEST_PARTS_SEED"), &seed)
		s := &vectorParts{Dir: at, PartBytes: 400}
		if _, err := deliver(t, t.Context(), s, resumed(t, t.Context(), at, sinks.NoSync, deliveries(seed, batches))); err != nil {
			t.Fatal(err)
		}
		return
	}
	server := storetest.StartS3(t)
	ctx := pipetest.Context(t)
	seeds := seedsOr(t, 6)
	halfway := 0
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 2))
		at := server.Address(fmt.Sprint("seed", seed))
		all := deliveries(seed, batches)
		var killing sync.WaitGroup
		puts, reached, enough := 0, make(chan struct{}), 1+random.IntN(30)
		server.Faults.Set(func(r *http.Request) storetest.Fault {
			if r.Method == http.MethodPut {
				if puts++; puts == enough {
					close(reached)
				}
			}
			return storetest.None
		})
		for range 2 {
			delay := time.Duration(random.Int64N(int64(20 * time.Millisecond)))
			killing.Go(func() {
				child := exec.Command(os.Args[0], "-test.run=^TestPartsInABucketWhenWritersAreKilled$")
				child.Env = append(os.Environ(), mark+"="+at, fmt.Sprint("TEST_PARTS_SEED=", seed))
				if err := child.Start(); err != nil {
					t.Error(err)
					return
				}
				ended := make(chan struct{})
				go func() { child.Wait(); close(ended) }()
				select {
				case <-reached:
					time.Sleep(delay) // now in one request, now in another
					child.Process.Kill()
					<-ended
				case <-ended: // it was the other that put them
				}
			})
		}
		killing.Wait()
		server.Faults.Set(nil)
		report, err := sinks.Verify(ctx, at)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("seed %d: %v, %v", seed, err, report.Problems)
		}
		rest := resumed(t, ctx, at, sinks.NoSync, all)
		if len(rest) > 0 && len(rest) < batches {
			halfway++
		}
		if _, err := deliver(t, ctx, &vectorParts{Dir: at}, rest); err != nil {
			t.Fatal(err)
		}
		checkOnceAt(t, fmt.Sprint("seed ", seed), at, all)
	}
	t.Logf("%d of %d killed halfway", halfway, seeds)
	if halfway == 0 {
		t.Error("none was killed halfway: the test needs some")
	}
}

func TestRejectsInBuckets(t *testing.T) {
	buckets(t, func(t *testing.T, address func(string) string) {
		ctx := pipetest.Context(t)
		for range 2 { // the second run keeps what the first has put
			s := &sinks.Rejects{Path: address("run/rejects.jsonl")}
			if err := s.Open(ctx); err != nil {
				t.Fatal(err)
			}
			putRejects(t, ctx, s, upTo("a", 0, 3)...)
			putRejects(t, ctx, s, upTo("a", 3, 5)...)
			if n := s.Stored(); n != 0 {
				t.Errorf("%d writes stored before they are put", n)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		dir := t.TempDir()
		fetch(t, address("run"), dir)
		lines := 0
		for _, file := range tree(t, dir) {
			lines += strings.Count(read(t, filepath.Join(dir, file)), "\n")
			if !strings.HasPrefix(file, "rejects-20") || !strings.HasSuffix(file, "-00000.jsonl") {
				t.Errorf("file %s", file)
			}
		}
		if lines != 10 {
			t.Errorf("%d lines", lines)
		}
	})
}
