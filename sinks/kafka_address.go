package sinks

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/pairstream/pairstream/internal/kafkaurl"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

var (
	ownOptions   = []string{"format", "floats", "compression", "max", "shards"}
	kafkaOptions = append(ownOptions[:len(ownOptions):len(ownOptions)], kafkaurl.Security()...)
)

// openKafka makes a Kafka of an address, without opening it:
//
//	kafka://host:9092,host:9092/topic?format=json&compression=zstd
//
// The format is json, raw or arrow; floats=base64 is for json; max=BYTES is MaxMessageBytes. shards=1 says that what is
// written are descriptors, which are JSON. For security see kafkaurl.
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
	if err := checkShards[T](a.Options); err != nil {
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

// checkShards returns an error unless descriptors are written just where shards=1 is given.
func checkShards[T any](o url.Values) error {
	var row T
	_, are := any(row).(batch.Shards)
	switch given, format := o.Get("shards"), o.Get("format"); {
	case given != "" && given != "1":
		return fmt.Errorf("shards=%s: it can only be 1", given)
	case given == "1" && !are:
		return errors.New("shards=1 is for publishing where pairs are, not pairs or what becomes of them")
	case are && format != "" && format != "json":
		return fmt.Errorf("format=%s: descriptors are JSON", format)
	}
	return nil
}
