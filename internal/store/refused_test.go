package store_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/internal/storetest"
)

// soon is the longest that an error may take, on a machine that is busy.
const soon = 20 * time.Second

// What is wrong is told in a line, and soon.
func TestErrors(t *testing.T) {
	server := storetest.StartS3(t)
	for name, c := range map[string]struct {
		address string
		want    string
	}{
		"no bucket":        {"s3://missing/x" + server.Options(), "NoSuchBucket"},
		"nobody there":     {"s3://pairs/x?endpoint=http://127.0.0.1:1&region=us-east-1&use_path_style=true&backoff=20ms", "s3://pairs/x: dial tcp 127.0.0.1:1: connect: connection refused"},
		"an unknown host":  {"s3://pairs/x?endpoint=http://nowhere.invalid&region=us-east-1&use_path_style=true", "nowhere.invalid"},
		"no region":        {"s3://pairs/x", "Invalid region"},
		"an option":        {"s3://pairs/x?colour=blue", `unknown query parameter "colour"`},
		"a backoff":        {"s3://pairs/x?backoff=2", `backoff=2 is not a span of time`},
		"a size":           {"s3://pairs/x?one_put=2MB", `one_put=2MB is not a number of bytes`},
		"no credentials":   {"gs://pairs/x", "could not find default credentials"},
		"a gs option":      {"gs://pairs/x?anonymous=true&colour=blue", `invalid query parameter "colour"`},
		"no bucket's name": {"s3:///x", `names no bucket`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("HOME", t.TempDir())
			check(t, c.address, c.want, false)
		})
	}
}

// check asks for what is at an address by every kind of request.
func check(t *testing.T, address, want string, permission bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	s, path, err := store.Open(ctx, address)
	if err != nil {
		checkError(t, "Open", err, want, permission)
		return
	}
	defer s.Close()
	root, err := s.OpenRoot(ctx, store.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for name, ask := range map[string]func() error{
		"ReadDir": func() error { _, err := s.ReadDir(ctx, path); return err },
		"Open":    func() error { _, err := s.Open(ctx, path); return err },
		"Stat":    func() error { _, err := s.Stat(ctx, path); return err },
		"Glob":    func() error { _, err := s.Glob(ctx, store.Join(path, "*")); return err },
		"Exists":  func() error { _, err := root.Exists(ctx, path[len(store.Dir(path))+1:]); return err },
		"Put":     func() error { return s.(*store.Bucket).Put(ctx, path, strings.NewReader("x"), 1, true) },
	} {
		checkError(t, name, ask(), want, permission)
	}
}

func checkError(t *testing.T, what string, err error, want string, permission bool) {
	t.Helper()
	t.Log(what, ": ", err)
	if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: %v", what, err)
		return
	}
	if errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v is taken for a file that is missing", what, err)
	}
	if permission && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%s: %v is no fs.ErrPermission", what, err)
	}
}

// Whom S3 refuses is told why, by the answer to a request that has one.
func TestRefused(t *testing.T) {
	server := storetest.StartS3(t)
	for key, want := range map[string]string{
		"unknown":          "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist",
		storetest.Mistyped: "SignatureDoesNotMatch: The request signature",
		storetest.Denied:   "AccessDenied: Access Denied",
	} {
		t.Run(key, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", key)
			before := server.Faults.Requests()
			check(t, server.Address("x"), want, true)
			if n := server.Faults.Requests() - before; n > 9 { // two for what HEAD asks
				t.Errorf("%d requests: what is refused is asked for again", n)
			}
		})
	}
	t.Run("anonymous", func(t *testing.T) {
		check(t, server.Address("x")+"&anonymous=true", "AccessDenied", true)
	})
}

// Without credentials nothing is asked of the bucket, and a service of credentials that does not answer is not waited for.
func TestNoCredentials(t *testing.T) {
	server := storetest.StartS3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("HOME", t.TempDir())
	const want = "open s3://pairs: no credentials: set AWS_ACCESS_KEY_ID"
	t.Run("none", func(t *testing.T) { check(t, server.Address("x"), want, false) })
	t.Run("silence", func(t *testing.T) {
		silent, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
		t.Setenv("AWS_EC2_METADATA_DISABLED", "false")
		t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://"+silent.Addr().String())
		check(t, server.Address("x"), want, false)
	})
	if n := server.Faults.Requests(); n > 0 {
		t.Errorf("%d requests", n)
	}
}

// A bucket in another region says so: S3 answers HEAD by nothing but a status.
func TestAnotherRegion(t *testing.T) {
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusMovedPermanently)
		if r.Method != http.MethodHead {
			_, _ = w.Write([]byte(`<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message></Error>`))
		}
	})
	server := storetest.StartS3(t)
	server.Faults.Replace(elsewhere)
	check(t, server.Address("x"), "PermanentRedirect: The bucket you are attempting to access must be addressed", false)
}
