package sinks_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pairstream/pairstream/internal/storetest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
)

// A bucket that is not there, or lets nobody in, is an error of Open, in one line that names it, and soon.
func TestSinksOfBucketsThatAreRefused(t *testing.T) {
	server := storetest.StartS3(t)
	ctx := pipetest.Context(t)
	for _, c := range []struct{ name, key, bucket, options, want string }{
		{"no bucket", storetest.Known, "missing", server.Options(), "NoSuchBucket"},
		{"unknown", "unknown", "pairs", server.Options(), "InvalidAccessKeyId"},
		{"mistyped", storetest.Mistyped, "pairs", server.Options(), "SignatureDoesNotMatch"},
		{"denied", storetest.Denied, "pairs", server.Options(), "AccessDenied"},
		{"none", "", "pairs", server.Options(), "no credentials"},
		{"nobody there", storetest.Known, "pairs", "?endpoint=http://127.0.0.1:1&region=us-east-1&use_path_style=true&backoff=20ms", "connection refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("AWS_ACCESS_KEY_ID", c.key)
			if c.key == "" {
				t.Setenv("AWS_SECRET_ACCESS_KEY", "")
			}
			address := func(path string) string { return "s3://" + c.bucket + "/" + path + c.options }
			all := map[string]pipeline.Opener{"parts": &vectorParts{Dir: address("x")}}
			for name, make := range files {
				all[name] = atAddress(make(""), address).(pipeline.Opener)
			}
			for name, s := range all {
				begun := time.Now()
				err := s.Open(ctx)
				if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "s3://"+c.bucket) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%s: %v", name, err)
				}
				if took := time.Since(begun); took > 20*time.Second {
					t.Errorf("%s: %v before %v", name, took, err)
				}
			}
		})
	}
}

// A sink that may write no longer fails with what it was refused.
func TestPartsThatAreRefusedLater(t *testing.T) {
	server := storetest.StartS3(t)
	ctx := pipetest.Context(t)
	for _, options := range []string{"", inPieces} {
		puts := 0
		server.Faults.Set(func(r *http.Request) storetest.Fault {
			if r.Method == http.MethodPut {
				if puts++; puts > 2 {
					return storetest.Deny
				}
			}
			return storetest.None
		})
		at := server.Address("x"+fmt.Sprint(len(options))) + options
		_, err := deliver(t, ctx, &vectorParts{Dir: at, PartBytes: onePart}, deliveries(1, 8))
		if line, _, _ := strings.Cut(fmt.Sprint(err), "\n"); !strings.Contains(line, "put s3://pairs/x") || !strings.Contains(line, "AccessDenied") {
			t.Errorf("%v", err)
		}
		if puts > 3+1 { // two pieces may be on their way
			t.Errorf("%d puts: what is refused is asked for again", puts)
		}
		if n := server.Unfinished(); n > 0 {
			t.Errorf("%d multipart uploads are left", n)
		}
	}
}
