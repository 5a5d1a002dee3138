package sources

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/sources/message"
)

func TestOpenKafka(t *testing.T) {
	for address, want := range map[string]any{
		"kafka://a,b:1/t,u": &Kafka{Brokers: []string{"a:9092", "b:1"}, Topics: []string{"t", "u"}},
		"kafka://u:p@a/t?sasl=PLAIN&group=g&until=end&start=end&lost=skip&columns=url,width&max=2000": &Kafka{
			Brokers: []string{"a:9092"}, Topics: []string{"t"}, Group: "g", ToEnd: true, Latest: true, SkipLost: true,
			Columns: []string{"url", "width"}, MaxMessageBytes: 2000, Mechanism: "PLAIN", User: "u", Password: "p",
		},
		"kafka://a/t?format=raw":             &Kafka{Brokers: []string{"a:9092"}, Topics: []string{"t"}},
		"kafka://a/t?format=json&root=/data": &Kafka{Brokers: []string{"a:9092"}, Topics: []string{"t"}, Messages: message.JSON{Root: "/data"}},
		"kafka://a/t?format=arrow":           &Kafka{Brokers: []string{"a:9092"}, Topics: []string{"t"}, Messages: message.Arrow{}},
		"kafka://a/t?format=avro":            "avro",
		"kafka://a/t?root=/data":             "for format=json",
		"kafka://a/t?until=tomorrow":         "until=tomorrow: it can only be end",
		"kafka://a/t?start=0":                "start=0",
		"kafka://a/t?lost=yes":               "lost=yes",
		"kafka://a/t?max=0":                  "not a number of bytes",
		"kafka://a/t?compression=lz4":        `no option "compression"`,
	} {
		t.Run(address, func(t *testing.T) {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			s, err := openKafka(u)
			if text, ok := want.(string); ok {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("%v, not %s", err, text)
				}
				return
			}
			if err != nil || !reflect.DeepEqual(s, want) {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}
