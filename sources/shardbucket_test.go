package sources_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/internal/storetest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// publishAt publishes descriptors as the program does: by addresses.
func publishAt(t *testing.T, source, sink string) {
	t.Helper()
	from, err := sources.Open(source)
	if err != nil {
		t.Fatal(err)
	}
	to, err := sinks.Open[batch.Shards](sink)
	if err != nil {
		t.Fatal(err)
	}
	list := &sources.ShardList{Of: from.(sources.Sharder)}
	if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.From[batch.Shards](list), to)); err != nil {
		t.Fatal(err)
	}
}

// Descriptors of what is in a bucket are published, and workers of a group read it from there and store it there: each row
// once, though all descriptors are in the topic twice, and some requests are lost.
func TestShardTopicOfBuckets(t *testing.T) {
	b := kafkatest.Start(t)
	dir, want := dataSet(t)
	server := storetest.StartS3(t)
	data, parts := server.Address("data sets"), server.Address("parts")
	upload(t, dir, data)
	topic := b.Topic(t, 3)
	brokers := "kafka://" + strings.Join(b.Addresses, ",") + "/" + topic
	for range 2 {
		publishAt(t, "parquet:"+data, brokers+"?shards=1")
		publishAt(t, "tar:s3://pairs/data sets/*/*.tar*"+server.Options(), brokers+"?shards=1")
	}
	if got := b.Count(t, topic); got != 2*(4*5+2) {
		t.Fatalf("%d descriptors", got)
	}
	var n int
	server.Faults.Set(func(*http.Request) storetest.Fault {
		if n++; n%17 == 0 {
			return storetest.Drop
		}
		return storetest.None
	})
	ctx := timeout(t, pipetest.Context(t))
	work := func() error {
		options := url.Values{"shards": {"1"}, "root": {data}, "group": {"g"}, "until": {"end"}, "columns": {""}}
		source, err := sources.Open(brokers + "?" + options.Encode())
		if err != nil {
			return err
		}
		sink := &sinks.Parts[batch.Pairs]{Dir: parts, PartBytes: 8000}
		source.(*sources.ShardTopic).Resume = sink.Resume
		return pipeline.Runner{Rejects: sink.Rejects()}.Run(ctx, pipeline.Into(pipeline.From(source), sink))
	}
	var working sync.WaitGroup
	for range 2 {
		working.Go(func() {
			if err := work(); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	server.Faults.Set(nil)
	if got := placesIn(t, ctx, parts); !slices.Equal(got, want) {
		t.Errorf("%d rows, of which %d are different, not %d", len(got), len(slices.Compact(slices.Clone(got))), len(want))
	}
	report, err := sinks.Verify(ctx, parts)
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("problems %q, %v", report.Problems, err)
	}
}

// What a descriptor names is looked for below the root and nowhere else, and what is missing, or a bucket that lets nobody
// in, is an error that names the object.
func TestShardTopicOfBucketsSaysWhatIsWrong(t *testing.T) {
	b := kafkatest.Start(t)
	dir, _ := dataSet(t)
	server := storetest.StartS3(t)
	upload(t, dir, server.Address("data"))
	upload(t, filepath.Join(dir, "a"), server.Address("outside"))
	for _, c := range []struct{ root, key, descriptor, want string }{
		{server.Address("data"), storetest.Known, `{"file": "9.parquet"}`, `@0: "s3://pairs/data/9.parquet": no such object`},
		{server.Address("data"), storetest.Known, `{"file": "9.tar"}`, `@0: "s3://pairs/data/9.tar": no such object`},
		{server.Address("data"), storetest.Known, `{"file": "../outside/0.tar"}`, `"../outside/0.tar" is not below the directory of the data set`},
		{server.Address("data"), storetest.Denied, `{"file": "0.parquet"}`, "AccessDenied"},
		{"s3://missing/data" + server.Options(), storetest.Known, `{"file": "0.parquet"}`, "NoSuchBucket"},
	} {
		t.Setenv("AWS_ACCESS_KEY_ID", c.key)
		topic := b.Topic(t, 1)
		b.Produce(t, &kgo.Record{Topic: topic, Value: []byte(c.descriptor)})
		ctx := timeout(t, pipetest.Context(t))
		s := &sources.ShardTopic{Topic: sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true}, Root: c.root}
		if err := s.Open(ctx); err != nil {
			t.Fatal(err)
		}
		rows, err := readBatch(ctx, s)
		said := fmt.Sprint(err)
		if err == nil && len(rows) == 1 {
			said = rows[0].bad
		}
		if !strings.Contains(said, c.want) || strings.Contains(said, "\n") {
			t.Errorf("%s: %s, not %s", c.descriptor, said, c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
