package sinks

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline/batch"
)

func TestOpenKafka(t *testing.T) {
	type kafka = Kafka[batch.Vectors]
	for address, want := range map[string]any{
		"kafka://a,b:1/t": &kafka{Brokers: []string{"a:9092", "b:1"}, Topic: "t", Messages: JSONMessages{}},
		"kafka://u:p@a/t?sasl=PLAIN&format=json&floats=base64&compression=zstd&max=2000": &kafka{
			Brokers: []string{"a:9092"}, Topic: "t", Messages: JSONMessages{Base64: true}, Compression: "zstd", MaxMessageBytes: 2000,
			Mechanism: "PLAIN", User: "u", Password: "p",
		},
		"kafka://a/t?format=raw":                 &kafka{Brokers: []string{"a:9092"}, Topic: "t", Messages: RawMessages{}},
		"kafka://a/t?format=arrow":               &kafka{Brokers: []string{"a:9092"}, Topic: "t", Messages: ArrowMessages{}},
		"kafka://a/t,u":                          "2 topics",
		"kafka://a/t?format=avro":                "avro",
		"kafka://a/t?format=arrow&floats=base64": "only in JSON",
		"kafka://a/t?floats=hex":                 "only be base64",
		"kafka://a/t?max=1MB":                    "not a number of bytes",
		"kafka://a/t?group=g":                    `no option "group"`,
	} {
		t.Run(address, func(t *testing.T) {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			s, err := openKafka[batch.Vectors](u)
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
