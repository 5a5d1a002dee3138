package kafkaurl_test

import (
	"encoding/pem"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/internal/kafkaurl"
)

func TestParse(t *testing.T) {
	t.Setenv(kafkaurl.PasswordVariable, "secret")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	server := httptest.NewTLSServer(nil)
	server.Close()
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		address string
		want    kafkaurl.Address
		tls     bool
		err     string
	}{
		{address: "kafka://a/t", want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}}},
		{address: "kafka://a:1,b,c:3/t,u", want: kafkaurl.Address{Brokers: []string{"a:1", "b:9092", "c:3"}, Topics: []string{"t", "u"}}},
		{address: "kafka://[::1]/t", want: kafkaurl.Address{Brokers: []string{"[::1]:9092"}, Topics: []string{"t"}}},
		{address: "kafka://u@a/t?sasl=plain", want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}, Mechanism: "PLAIN", User: "u", Password: "secret"}},
		{address: "kafka://u:p%40@a/t?sasl=SCRAM-SHA-512", want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}, Mechanism: "SCRAM-SHA-512", User: "u", Password: "p@"}},
		{address: "kafka://a/t?tls=1", want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}}, tls: true},
		{address: "kafka://a/t?tls=0", want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}}},
		{address: "kafka://a/t?ca=" + ca, want: kafkaurl.Address{Brokers: []string{"a:9092"}, Topics: []string{"t"}}, tls: true},
		{address: "kafka:///t", err: "no broker"},
		{address: "kafka://a,/t", err: "no broker"},
		{address: "kafka://a", err: "no topic"},
		{address: "kafka://a/t/u", err: "no topic"},
		{address: "kafka://u@a/t", err: "sasl="},
		{address: "kafka://a/t?grup=g", err: `no option "grup"`},
		{address: "kafka://a/t?tls=maybe", err: "neither"},
		{address: "kafka://a/t?tls=0&ca=x", err: "without tls"},
		{address: "kafka://a/t?ca=none", err: "no such file"},
		{address: "kafka://a/t?ca=kafkaurl.go", err: "no certificate"},
		{address: "kafka://a/t?cert=kafkaurl.go", err: "cert="},
	} {
		t.Run(test.address, func(t *testing.T) {
			u, err := url.Parse(test.address)
			if err != nil {
				t.Fatal(err)
			}
			a, err := kafkaurl.Parse(u, "group")
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("%v, not %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (a.TLS != nil) != test.tls {
				t.Errorf("TLS %v", a.TLS)
			}
			a.TLS, a.Options = nil, nil
			if !reflect.DeepEqual(a, test.want) {
				t.Errorf("%+v, not %+v", a, test.want)
			}
		})
	}
}
