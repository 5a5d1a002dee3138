package storetest

import (
	"log"
	"net/http/httptest"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// StartGS starts a server of Google Cloud Storage that ends with the test, and names it in the environment.
func StartGS(t testing.TB) *Faults {
	t.Helper()
	faults := new(Faults)
	front := httptest.NewUnstartedServer(faults)
	front.Config.ErrorLog = log.New(discard{}, "", 0) // of connections that faults cut
	front.Start()
	t.Cleanup(front.Close)
	host := front.Listener.Addr().String()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener: true, PublicHost: host, ExternalURL: front.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: Bucket})
	faults.Replace(server.HTTPHandler())
	t.Setenv("STORAGE_EMULATOR_HOST", host)
	return faults
}

// GSAddress returns the address of a key, or of a prefix of keys.
func GSAddress(key string) string { return "gs://" + Bucket + "/" + key }
