package sources_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pairstream/pairstream/internal/storetest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// inBucket are addresses of all that makeDataSets makes.
var inBucket = []string{
	"dir:BUCKET/folder", "BUCKET/folder", "list:BUCKET/list/captions.tsv", "tar:BUCKET/shards", "tar:BUCKET/shards/0.tar",
	"tar:BUCKET/shards/*.tar", "parquet:BUCKET/parquet", "parquet:BUCKET/parquet/0.parquet", "parquet:BUCKET/parquet/*.parquet",
}

// A bucket that is not there, or lets nobody in, is an error in one line that names the address, and soon.
func TestSourcesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	server := storetest.StartS3(t)
	upload(t, dir, server.Address("d"))
	nobody := "?endpoint=http://127.0.0.1:1&region=us-east-1&use_path_style=true"
	for _, c := range []struct{ name, key, bucket, options, want string }{
		{"unknown", "unknown", "s3://pairs/d", server.Options(), "InvalidAccessKeyId"},
		{"mistyped", storetest.Mistyped, "s3://pairs/d", server.Options(), "SignatureDoesNotMatch"},
		{"denied", storetest.Denied, "s3://pairs/d", server.Options(), "AccessDenied"},
		{"none", "", "s3://pairs/d", server.Options(), "no credentials"},
		{"no bucket", storetest.Known, "s3://missing/d", server.Options(), "NoSuchBucket"},
		{"nobody there", storetest.Known, "s3://pairs/d", nobody + "&backoff=20ms", "connection refused"},
		{"nobody there, by default", storetest.Known, "s3://pairs/d", nobody, "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", c.key)
			if c.key == "" {
				t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			}
			addresses := inBucket
			if c.options == nobody {
				addresses = inBucket[:1] // each waits a second or two
			}
			for _, address := range addresses {
				begun := time.Now()
				rows, err := rowsOf(t, t.Context(), strings.Replace(address, "BUCKET", c.bucket, 1)+c.options, dir)
				if err == nil || len(rows) > 0 || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") ||
					!strings.Contains(err.Error(), c.bucket[:len(c.bucket)-2]) {
					t.Errorf("%s: %d rows, %v", address, len(rows), err)
				}
				if took := time.Since(begun); took > 20*time.Second {
					t.Errorf("%s: %v before %v", address, took, err)
				}
			}
		})
	}
}

// A list on disk whose pictures are in a bucket that cannot be read has no bad rows.
func TestListOfPicturesThatAreRefused(t *testing.T) {
	dir := write(t, map[string]string{"list.tsv": "image\tcaption\na.png\tA\nb.png\tB\n"})
	server := storetest.StartS3(t)
	for _, address := range []string{"s3://missing/d" + server.Options(), server.Address("d")} {
		if strings.Contains(address, "pairs") {
			t.Setenv("AWS_ACCESS_KEY_ID", "unknown")
		}
		l := &sources.List{Path: filepath.Join(dir, "list.tsv"), Dir: address}
		ctx := pipetest.Context(t)
		if err := l.Open(ctx); err != nil {
			t.Fatal(err)
		}
		pairs, err := l.Read(ctx)
		if err == nil || pairs.Record != nil || !strings.Contains(err.Error(), "NoSuchBucket") && !strings.Contains(err.Error(), "InvalidAccessKeyId") {
			t.Errorf("%s: %v", address, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Credentials that end while a source is read end the run.
func TestCredentialsThatEnd(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	for _, address := range []string{"dir:BUCKET/folder", "list:BUCKET/list/captions.tsv", "parquet:BUCKET/parquet"} {
		server := storetest.StartS3(t)
		upload(t, dir, server.Address("d"))
		var n atomic.Int64
		server.Faults.Set(func(r *http.Request) storetest.Fault {
			if r.Method == http.MethodGet && !r.URL.Query().Has("list-type") && n.Add(1) >= 5 {
				return storetest.Deny
			}
			return storetest.None
		})
		rows, err := rowsOf(t, t.Context(), strings.Replace(address, "BUCKET", "s3://pairs/d", 1)+server.Options(), dir)
		if err == nil || !strings.Contains(err.Error(), "AccessDenied") || strings.Contains(strings.Join(rows, ""), "AccessDenied") {
			t.Errorf("%s: %d rows, %v", address, len(rows), err)
		}
	}
}

// From a bucket some rows are read ahead, one after the other and at random, and no more than may be.
func TestSourcesReadAhead(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	server := storetest.StartS3(t)
	upload(t, dir, server.Address("d"))
	const enough, most = 12, 16
	var mu sync.Mutex
	now, peak := 0, 0
	all := make(chan struct{})
	hold := func(r *http.Request) { // until enough wait
		extension := filepath.Ext(r.URL.Path)
		if extension != ".png" && extension != ".txt" {
			return
		}
		mu.Lock()
		reached := all
		if now++; now == enough && peak < enough {
			close(reached)
		}
		peak = max(peak, now)
		mu.Unlock()
		select {
		case <-reached:
		case <-time.After(10 * time.Second):
		}
		mu.Lock()
		now--
		mu.Unlock()
	}
	for _, path := range []string{"folder", "list/captions.tsv", "paths/pictures.parquet"} {
		want, err := rowsOf(t, t.Context(), filepath.Join(dir, path), dir)
		if err != nil {
			t.Fatal(err)
		}
		address := "s3://pairs/d/" + path + server.Options()
		for _, at := range []string{"in order", "at random"} {
			if at == "at random" && strings.HasSuffix(path, ".parquet") {
				continue // it has no index
			}
			mu.Lock()
			now, peak, all = 0, 0, make(chan struct{})
			mu.Unlock()
			server.Faults.Hold(hold)
			if at == "in order" {
				if got, err := rowsOf(t, t.Context(), address, "s3://pairs/d"); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s: other rows than on disk, or %v", path, err)
				}
			} else {
				checkAtRandom(t, address)
			}
			server.Faults.Hold(nil)
			mu.Lock()
			if peak < enough || peak > most {
				t.Errorf("%s %s: %d requests at the same time", path, at, peak)
			}
			mu.Unlock()
		}
	}
}

// checkAtRandom reads rows of a source by their numbers.
func checkAtRandom(t *testing.T, address string) {
	t.Helper()
	source, err := sources.Open(address)
	if err != nil {
		t.Fatal(err)
	}
	ctx := pipetest.Context(t)
	index, err := source.(sources.Indexed).Index(ctx)
	if err != nil {
		t.Fatal(err)
	}
	numbers := []int64{39, 3, 17, 4, 22, 8, 9, 11, 33, 31, 1, 2, 27, 12, 6, 7}
	pairs, err := index.Rows(ctx, numbers)
	if bad := (pipeline.RowErrors)(nil); err != nil && !errors.As(err, &bad) {
		t.Fatal(err)
	}
	for i, n := range numbers {
		if id, _ := pairs.Label(int64(i)); id != fmt.Sprintf("b/img%d.png", n) {
			t.Errorf("row %d is %q", n, id)
		}
	}
	pairs.Release()
	if err := index.Close(); err != nil {
		t.Error(err)
	}
}

// A Read of a Parquet file that is given up while pictures are on their way can be made again, and nothing is lost by it.
func TestParquetReadGivenUp(t *testing.T) {
	dir := t.TempDir()
	makeDataSets(t, dir)
	server := storetest.StartS3(t)
	upload(t, dir, server.Address("d"))
	source, err := sources.Open("s3://pairs/d/paths/pictures.parquet" + server.Options())
	if err != nil {
		t.Fatal(err)
	}
	ctx := pipetest.Context(t)
	if err := source.(pipeline.Opener).Open(ctx); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	server.Faults.Hold(func(r *http.Request) {
		if filepath.Ext(r.URL.Path) == ".png" {
			<-release
		}
	})
	rows, givenUp := int64(0), false
	for {
		short, cancel := ctx, context.CancelFunc(func() {})
		if !givenUp {
			short, cancel = context.WithTimeout(ctx, time.Second)
		}
		pairs, err := source.Read(short)
		cancel()
		if err == io.EOF {
			break
		}
		if !givenUp && errors.Is(err, context.DeadlineExceeded) {
			givenUp = true
			close(release)
		} else if bad := (pipeline.RowErrors)(nil); err != nil && !errors.As(err, &bad) {
			t.Fatal(err)
		}
		if pairs.Record != nil {
			rows += pairs.NumRows()
			pairs.Release()
		}
	}
	if !givenUp || rows != 45 {
		t.Errorf("given up: %t, %d rows, not 45", givenUp, rows)
	}
	if err := source.Close(); err != nil {
		t.Error(err)
	}
}
