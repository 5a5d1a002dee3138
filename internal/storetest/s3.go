// Package storetest has servers of object storage for tests: real protocols over TCP, objects in memory.
package storetest

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the bucket that servers have.
const Bucket = "pairs"

// A Server is one of S3.
type Server struct {
	URL    string
	Faults Faults

	fake http.Handler
}

// Access keys of servers. Others are not known.
const (
	Known    = "test"
	Mistyped = "mistyped" // its secret is another
	Denied   = "denied"   // it may do nothing
)

// StartS3 starts a server that ends with the test, and sets credentials in the environment.
func StartS3(t testing.TB) *Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", Known)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	objects := s3mem.New()
	if err := objects.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	fake := gofakes3.New(objects, gofakes3.WithLogger(gofakes3.DiscardLog()), gofakes3.WithIntegrityCheck(true))
	s := &Server{fake: fake.Server()}
	s.Faults.server = guarded{&conditional{server: s.fake}}
	server := httptest.NewUnstartedServer(&s.Faults)
	server.Config.ErrorLog = log.New(discard{}, "", 0) // of connections that faults cut
	server.Start()
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// Address returns the address of a key, with the options by which the server is found.
func (s *Server) Address(key string) string {
	return "s3://" + Bucket + "/" + key + s.Options()
}

// Options returns those options. What is waited for is short.
func (s *Server) Options() string {
	return "?" + url.Values{
		"endpoint": {s.URL}, "region": {"us-east-1"}, "use_path_style": {"true"}, "backoff": {"20ms"},
	}.Encode()
}

// guarded refuses requests by their access key, as S3 does.
type guarded struct{ server http.Handler }

var credential = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/]*)/`)

func (g guarded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	match := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	switch {
	case match == nil, match[1] == Denied:
		refuse(w, r, http.StatusForbidden, "AccessDenied", "Access Denied")
	case match[1] == Mistyped:
		refuse(w, r, http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	case match[1] != Known:
		refuse(w, r, http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	default:
		g.server.ServeHTTP(w, r)
	}
}

// refuse answers as S3 does. The answer to HEAD has no body.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
	}
}

// conditional meets the condition that a multipart upload is completed on, which gofakes3 does not know.
type conditional struct {
	server http.Handler
	mu     sync.Mutex // what makes objects waits for one another
}

func (c *conditional) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	completes := r.Method == http.MethodPost && r.URL.Query().Has("uploadId")
	if completes || r.Method == http.MethodPut && !r.URL.Query().Has("uploadId") {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	if completes && r.Header.Get("If-None-Match") == "*" {
		head := httptest.NewRequest(http.MethodHead, r.URL.EscapedPath(), nil)
		head.Host = r.Host
		there := httptest.NewRecorder()
		if c.server.ServeHTTP(there, head); there.Code == http.StatusOK {
			refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
			return
		}
	}
	c.server.ServeHTTP(w, r)
}

// Unfinished returns how many multipart uploads have neither been completed nor aborted.
func (s *Server) Unfinished() int {
	answer := httptest.NewRecorder()
	s.fake.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/"+Bucket+"?uploads", nil))
	return strings.Count(answer.Body.String(), "<Upload>") // there are none too where it knows of no upload
}
