package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
)

// everywhere runs a test on disk and in buckets. It is given the path of an empty directory, and what follows paths to
// open them.
func everywhere(t *testing.T, test func(t *testing.T, dir, options string)) {
	t.Run("disk", func(t *testing.T) { test(t, t.TempDir(), "") })
	t.Run("s3", func(t *testing.T) {
		s := storetest.StartS3(t)
		test(t, "s3://"+storetest.Bucket+"/dir", s.Options())
	})
	t.Run("gs", func(t *testing.T) { storetest.StartGS(t); test(t, storetest.GSAddress("dir"), "") })
}

func openStore(t *testing.T, path string) store.Store {
	t.Helper()
	s, _, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// put stores a file of a test.
func put(t *testing.T, s store.Store, path string, content []byte) {
	t.Helper()
	var err error
	if b, ok := s.(*store.Bucket); ok {
		err = b.Put(t.Context(), path, bytes.NewReader(content), int64(len(content)), false)
	} else if err = os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
		err = os.WriteFile(path, content, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	random := rand.NewChaCha8([32]byte{1})
	random.Read(b)
	return b
}

func TestStoresLookAlike(t *testing.T) {
	everywhere(t, func(t *testing.T, dir, options string) {
		ctx := t.Context()
		s := openStore(t, dir+options)
		for _, name := range []string{"a.txt", "b/c.txt", "b/d/e.txt", "img10.png", "img2.png", "ü %?.txt"} {
			put(t, s, store.Join(dir, name), []byte(name))
		}
		entries, err := s.ReadDir(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, fmt.Sprint(e.Name(), " ", e.IsDir()))
		}
		slices.Sort(names)
		if want := []string{"a.txt false", "b true", "img10.png false", "img2.png false", "ü %?.txt false"}; !slices.Equal(names, want) {
			t.Errorf("entries %q", names)
		}
		var walked []string
		err = s.WalkDir(ctx, dir, func(path string, e fs.DirEntry, err error) error {
			if below, _ := store.Rel(dir, path); !e.IsDir() {
				walked = append(walked, below)
			}
			return err
		})
		if want := []string{"a.txt", "b/c.txt", "b/d/e.txt", "img10.png", "img2.png", "ü %?.txt"}; err != nil || !slices.Equal(walked, want) {
			t.Errorf("walked %q, %v", walked, err)
		}
		found, err := s.Glob(ctx, store.Join(dir, "*", "c.*"))
		if err != nil || !slices.Equal(found, []string{store.Join(dir, "b", "c.txt")}) {
			t.Errorf("found %q, %v", found, err)
		}
		for path, want := range map[string]string{"": "dir", "b": "dir", "b/d": "dir", "a.txt": "5", "missing": "none", "a": "none", "b/d/e.txt/f": "none"} {
			got := "none"
			if i, err := s.Stat(ctx, store.Join(dir, path)); err == nil && i.IsDir() {
				got = "dir"
			} else if err == nil {
				got = fmt.Sprint(i.Size())
			} else if !errors.Is(err, fs.ErrNotExist) && path != "b/d/e.txt/f" { // on disk, a file is no directory
				t.Error(err)
			}
			if got != want {
				t.Errorf("%q is %s, not %s", path, got, want)
			}
		}
		if _, err := s.Open(ctx, store.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("open what is missing: %v", err)
		}
		root, err := s.OpenRoot(ctx, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		f, err := root.Open(ctx, "b/c.txt")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if text, err := io.ReadAll(f); string(text) != "b/c.txt" || err != nil {
			t.Errorf("%q, %v", text, err)
		}
		for _, path := range []string{"../dir/a.txt", "/a.txt", "b/../../x"} {
			if _, err := root.Open(ctx, path); err == nil {
				t.Errorf("opened %q", path)
			}
		}
	})
}

func TestFilesReadAlike(t *testing.T) {
	content, short := noise(3<<20+17), noise(30_011)
	everywhere(t, func(t *testing.T, dir, options string) {
		s := openStore(t, dir+options)
		open := func(name string, content []byte) store.File {
			put(t, s, store.Join(dir, name), content)
			f, err := s.Open(t.Context(), store.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { f.Close() })
			return f
		}
		if err := iotest.TestReader(open("short", short), short); err != nil {
			t.Error(err)
		}
		f := open("long", content)
		if all, err := io.ReadAll(f); err != nil || !bytes.Equal(all, content) {
			t.Errorf("%d bytes, %v", len(all), err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			at := random.Int64N(int64(len(content)) + 10)
			p := make([]byte, random.IntN(1<<(1+random.IntN(20))))
			n, err := f.ReadAt(p, at)
			want := content[min(at, int64(len(content))):]
			if n != min(len(p), len(want)) || !bytes.Equal(p[:n], want[:n]) || (n < len(p)) != (err == io.EOF) {
				t.Fatalf("%d of %d bytes at %d: %v", n, len(p), at, err)
			}
		}
	})
}

func TestExclusivePuts(t *testing.T) {
	for name, address := range map[string]func(t *testing.T) string{
		"s3": func(t *testing.T) string { return storetest.StartS3(t).Address("x") },
		"gs": func(t *testing.T) string { storetest.StartGS(t); return storetest.GSAddress("x") },
	} {
		t.Run(name, func(t *testing.T) {
			at := address(t)
			s := openStore(t, at).(*store.Bucket)
			path, _ := store.CutOptions(at)
			results := make(chan error)
			for i := range 8 {
				go func() {
					results <- s.Put(t.Context(), path, strings.NewReader(fmt.Sprint(i)), 1, true)
				}()
			}
			won := 0
			for range 8 {
				if err := <-results; err == nil {
					won++
				} else if !errors.Is(err, fs.ErrExist) {
					t.Error(err)
				}
			}
			if won != 1 {
				t.Errorf("%d of 8 were first", won)
			}
		})
	}
}

// Whatever happens to requests, what is read is what was put.
func TestReadingThroughFaults(t *testing.T) {
	eachWithFaults(t, func(t *testing.T, address string, faults *storetest.Faults) {
		path, _ := store.CutOptions(address)
		s := openStore(t, address).(*store.Bucket)
		content := noise(2 << 20)
		put(t, s, path, content)
		for _, fault := range []storetest.Fault{storetest.Drop, storetest.Cut, storetest.Fail, storetest.SlowDown, storetest.Lose} {
			n := 0
			faults.Set(func(r *http.Request) storetest.Fault {
				if n++; n%2 == 1 {
					return fault
				}
				return storetest.None
			})
			f, err := s.Open(t.Context(), path)
			if err != nil {
				t.Fatal(fault, err)
			}
			got, err := io.ReadAll(f)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("fault %d: %d bytes, %v", fault, len(got), err)
			}
			f.Close()
		}
	})
}

func TestAnObjectThatChanges(t *testing.T) {
	eachWithFaults(t, func(t *testing.T, address string, _ *storetest.Faults) {
		path, _ := store.CutOptions(address)
		s := openStore(t, address).(*store.Bucket)
		put(t, s, path, noise(1<<20))
		f, err := s.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		put(t, s, path, noise(1<<10))
		if _, err := io.ReadAll(f); err == nil || !strings.Contains(err.Error(), path+": it changed while it was read") {
			t.Error(err)
		}
	})
}

// eachWithFaults runs a test with each kind of bucket.
func eachWithFaults(t *testing.T, test func(t *testing.T, address string, faults *storetest.Faults)) {
	t.Run("s3", func(t *testing.T) {
		server := storetest.StartS3(t)
		test(t, server.Address("x"), &server.Faults)
	})
	t.Run("gs", func(t *testing.T) {
		faults := storetest.StartGS(t)
		test(t, storetest.GSAddress("x"), faults)
	})
}
