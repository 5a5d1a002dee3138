package storetest

import (
	"net"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// StartGS starts a server of Google Cloud Storage that ends with the test, and names it in the environment. It returns
// the address of a key prefix.
func StartGS(t testing.TB) (address func(key string) string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0") // as the server must know its name from the start
	if err != nil {
		t.Fatal(err)
	}
	host, port := free.Addr().String(), free.Addr().(*net.TCPAddr).Port
	free.Close()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", Host: "127.0.0.1", Port: uint16(port), PublicHost: host,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: Bucket})
	t.Setenv("STORAGE_EMULATOR_HOST", host)
	return func(key string) string { return "gs://" + Bucket + "/" + key }
}
