package sources

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/pairstream/pairstream/internal/kafkaurl"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/message"
)

// openKafka makes a Kafka of an address, without opening it:
//
//	kafka://host:9092,host:9092/topic,topic?group=g&format=json
//
// The format is raw, json or arrow. until=end stops at the ends that the topics have now, start=end begins there where
// the group has committed nothing. columns=url,width are further columns; root=DIR is where JSON may name pictures;
// lost=skip goes on where retention deleted what was not read; max=BYTES is MaxMessageBytes. For security see kafkaurl.
func openKafka(u *url.URL) (pipeline.Source[batch.Pairs], error) {
	a, err := kafkaurl.Parse(u, "group", "format", "until", "start", "columns", "root", "lost", "max")
	if err != nil {
		return nil, err
	}
	s := &Kafka{
		Brokers: a.Brokers, Topics: a.Topics, Group: a.Options.Get("group"),
		TLS: a.TLS, Mechanism: a.Mechanism, User: a.User, Password: a.Password,
	}
	if s.ToEnd, err = oneOf(a.Options, "until", "end"); err != nil {
		return nil, err
	}
	if s.Latest, err = oneOf(a.Options, "start", "end"); err != nil {
		return nil, err
	}
	if s.SkipLost, err = oneOf(a.Options, "lost", "skip"); err != nil {
		return nil, err
	}
	if s.MaxMessageBytes, err = a.Bytes("max"); err != nil {
		return nil, err
	}
	if columns := a.Options.Get("columns"); columns != "" {
		s.Columns = strings.Split(columns, ",")
	}
	root := a.Options.Get("root")
	switch format := a.Options.Get("format"); {
	case root != "" && format != "json":
		return nil, fmt.Errorf("root=%s is for format=json", root)
	case format == "json":
		s.Messages = message.JSON{Root: root}
	case format == "arrow":
		s.Messages = message.Arrow{}
	case format != "" && format != "raw":
		return nil, fmt.Errorf("format=%s is none of raw, json, arrow", format)
	}
	return s, nil
}

// oneOf reports whether an option is given, which has one value.
func oneOf(options url.Values, option, value string) (bool, error) {
	switch options.Get(option) {
	case "":
		return false, nil
	case value:
		return true, nil
	}
	return false, fmt.Errorf("%s=%s: it can only be %s", option, options.Get(option), value)
}
