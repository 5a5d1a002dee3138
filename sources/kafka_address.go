package sources

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
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
// shards=1 makes it a ShardTopic of the data sets below root=DIR, with the options of parquet:, of which dir says what
// pictures' paths are relative to; columns are those that ride along.
//
// The format is raw, json or arrow. until=end stops at the ends that the topics have now, start=end begins there where
// the group has committed nothing. columns=url,width are further columns; root=DIR is where JSON may name pictures;
// lost=skip goes on where retention deleted what was not read; max=BYTES is MaxMessageBytes. For security see kafkaurl.
func openKafka(u *url.URL) (pipeline.Source[batch.Pairs], error) {
	options := []string{"group", "format", "until", "start", "columns", "root", "lost", "max", "shards"}
	isShards := u.Query().Get("shards") == "1"
	if isShards {
		options = append(slices.DeleteFunc(options, func(o string) bool { return o == "format" || o == "columns" }), parquetOptions...)
	}
	a, err := kafkaurl.Parse(u, options...)
	if err != nil {
		return nil, err
	}
	if _, err := oneOf(a.Options, "shards", "1"); err != nil {
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
	if isShards {
		return openShardTopic(s, root, a.Options)
	}
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

// openShardTopic makes a ShardTopic of a Kafka.
func openShardTopic(topic *Kafka, root string, o url.Values) (pipeline.Source[batch.Pairs], error) {
	if root == "" {
		return nil, errors.New("shards=1 needs root=DIR, the directory of the data sets")
	}
	s := &ShardTopic{Topic: *topic, Root: root}
	s.Topic.Columns = nil
	return s, s.Parquet.set(o)
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
