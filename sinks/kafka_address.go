package sinks

import (
	"fmt"
	"net/url"

	"github.com/pairstream/pairstream/internal/kafkaurl"
	"github.com/pairstream/pairstream/pipeline"
)

var (
	ownOptions   = []string{"format", "floats", "compression", "max"}
	kafkaOptions = append(ownOptions[:len(ownOptions):len(ownOptions)], kafkaurl.Security()...)
)

// openKafka makes a Kafka of an address, without opening it:
//
//	kafka://host:9092,host:9092/topic?format=json&compression=zstd
//
// The format is json, raw or arrow; floats=base64 is for json; max=BYTES is MaxMessageBytes. For security see kafkaurl.
func openKafka[T Table[T]](u *url.URL) (pipeline.Sink[T], error) {
	a, err := kafkaurl.Parse(u, ownOptions...)
	if err != nil {
		return nil, err
	}
	if len(a.Topics) > 1 {
		return nil, fmt.Errorf("%d topics to write to: there can be one", len(a.Topics))
	}
	s := &Kafka[T]{
		Brokers: a.Brokers, Topic: a.Topics[0], Compression: a.Options.Get("compression"),
		TLS: a.TLS, Mechanism: a.Mechanism, User: a.User, Password: a.Password,
	}
	if s.MaxMessageBytes, err = a.Bytes("max"); err != nil {
		return nil, err
	}
	format, floats := a.Options.Get("format"), a.Options.Get("floats")
	if floats != "" && (floats != "base64" || format != "" && format != "json") {
		return nil, fmt.Errorf("floats=%s: it can only be base64, and only in JSON", floats)
	}
	switch format {
	case "", "json":
		s.Messages = JSONMessages{Base64: floats != ""}
	case "raw":
		s.Messages = RawMessages{}
	case "arrow":
		s.Messages = ArrowMessages{}
	default:
		return nil, fmt.Errorf("format=%s is none of json, raw, arrow", format)
	}
	return s, nil
}
