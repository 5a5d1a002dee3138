// Package storetest has servers of object storage for tests: real protocols over TCP, objects in memory.
package storetest

import (
	"log"
	"net/http/httptest"
	"net/url"
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
}

// StartS3 starts a server that ends with the test, and sets credentials in the environment.
func StartS3(t testing.TB) *Server {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
	objects := s3mem.New()
	if err := objects.CreateBucket(Bucket); err != nil {
		t.Fatal(err)
	}
	s := &Server{}
	fake := gofakes3.New(objects, gofakes3.WithLogger(gofakes3.DiscardLog()), gofakes3.WithIntegrityCheck(true))
	s.Faults.server = fake.Server()
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

// Options returns those options.
func (s *Server) Options() string {
	return "?" + url.Values{"endpoint": {s.URL}, "region": {"us-east-1"}, "use_path_style": {"true"}}.Encode()
}
