package sources_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
	"github.com/pairstream/pairstream/sources"
)

// dataSet makes a directory of four Parquet files of five row groups each, and of two tar files, and returns where its
// rows are, "lane:offset".
func dataSet(t *testing.T) (dir string, places []string) {
	t.Helper()
	var members []string
	for i := range 40 {
		members = append(members, fmt.Sprintf("%d.jpg", i), "picture", fmt.Sprintf("%d.txt", i), "caption")
	}
	dir = write(t, map[string]string{"a/0.tar": tarOf(t, members...), "a/1.tar.gz": zipped(t, tarOf(t, members...))})
	for i := range 4 {
		of := writeParquet(t, 100, 1000, 20, compress.Codecs.Zstd)
		name := fmt.Sprintf("%d.parquet", i)
		if err := os.Rename(of, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		for row := range 100 {
			places = append(places, fmt.Sprintf("%s#%d:%d", name, row/20, row))
		}
	}
	for sample := range 40 {
		places = append(places, fmt.Sprintf("a/0.tar:%d", sample), fmt.Sprintf("a/1.tar.gz:%d", sample))
	}
	slices.Sort(places)
	return dir, places
}

// publish puts descriptors of all that is in a directory into a topic, as the program does.
func publish(t *testing.T, b *kafkatest.Broker, topic, dir string) {
	t.Helper()
	for _, of := range []sources.Sharder{&sources.Parquet{Path: dir}, &sources.Tar{Paths: []string{filepath.Join(dir, "*", "*.tar*")}}} {
		sink := &sinks.Kafka[batch.Shards]{Brokers: b.Addresses, Topic: topic}
		list := &sources.ShardList{Of: of}
		if err := pipeline.Run(t.Context(), pipeline.Into(pipeline.From[batch.Shards](list), sink)); err != nil {
			t.Fatal(err)
		}
	}
}

// placesIn returns where the rows of a directory of parts came from.
func placesIn(t *testing.T, ctx context.Context, dir string) (places []string) {
	t.Helper()
	s := &sources.Parquet{Path: dir, Columns: []string{batch.Lane, batch.Offset}}
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for {
		pairs, err := s.Read(ctx)
		if err == io.EOF {
			slices.Sort(places)
			return places
		}
		if err != nil {
			t.Fatal(err)
		}
		n := pairs.NumCols()
		for i := range int(pairs.NumRows()) {
			lane, offset := pairs.Column(int(n-2)).(*array.String), pairs.Column(int(n-1)).(*array.Int64)
			places = append(places, fmt.Sprintf("%s:%d", lane.Value(i), offset.Value(i)))
		}
		pairs.Release()
	}
}

// shardWorker stores what descriptors name until all are through.
func shardWorker(ctx context.Context, brokers []string, topic, dir, parts string) error {
	sink := &sinks.Parts[batch.Pairs]{Dir: parts, PartBytes: 8000, Flush: 20 * time.Millisecond}
	source := &sources.ShardTopic{
		Topic: sources.Kafka{Brokers: brokers, Topics: []string{topic}, Group: "g-" + topic, ToEnd: true,
			Wait: time.Millisecond, SessionTimeout: time.Second},
		Root: dir, Parquet: sources.Parquet{Columns: []string{}}, Resume: sink.Resume, Limits: sources.Limits{Rows: 7},
	}
	slow := pipeline.StageFunc[batch.Pairs, batch.Pairs](func(ctx context.Context, in batch.Pairs) (batch.Pairs, error) {
		in.Retain()
		time.Sleep(rand.N(4 * time.Millisecond))
		return in, nil
	})
	return pipeline.Runner{Rejects: sink.Rejects()}.Run(ctx, pipeline.Into(pipeline.Through(pipeline.From(source), slow), sink))
}

// Of three workers one is killed, one is aborted, and one joins late; all descriptors are in the topic twice, and some
// messages are none. Each row of the data set is stored exactly once.
func TestShardTopicExactlyOnce(t *testing.T) {
	const mark = "TEST_SHARD_WORKER"
	if args := strings.Fields(os.Getenv(mark)); len(args) > 0 {
		fmt.Println("ready")
		if err := shardWorker(t.Context(), strings.Split(args[0], ","), args[1], args[2], args[3]); err != nil {
			t.Error(err)
		}
		return
	}
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		dir, want := dataSet(t)
		parts := t.TempDir()
		topic := b.Topic(t, 6)
		publish(t, b, topic, dir)
		for i, value := range []string{"", "{", `{"file": "../x.parquet"}`, `{"id": "a pair", "caption": "in the wrong topic"}`} {
			b.Produce(t, &kgo.Record{Topic: topic, Partition: int32(i), Value: []byte(value)})
		}
		publish(t, b, topic, dir)

		ctx := timeout(t, pipetest.Context(t))
		child := exec.Command(os.Args[0], "-test.run=^TestShardTopicExactlyOnce$")
		child.Env = append(os.Environ(), mark+"="+strings.Join([]string{strings.Join(b.Addresses, ","), topic, dir, parts}, " "))
		ready, err := child.StdoutPipe()
		if err == nil {
			err = child.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = ready.Read(make([]byte, 1))
		var working sync.WaitGroup
		working.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
			defer cancel()
			if err := shardWorker(ctx, b.Addresses, topic, dir, parts); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		until(t, "there are parts", func() bool {
			names, _ := filepath.Glob(filepath.Join(parts, "*.parquet"))
			return len(names) > 3
		})
		_ = child.Process.Kill()
		_ = child.Wait()
		if err := shardWorker(ctx, b.Addresses, topic, dir, parts); err != nil { // late
			t.Fatal(err)
		}
		working.Wait()
		if err := shardWorker(ctx, b.Addresses, topic, dir, parts); err != nil { // what the others held
			t.Fatal(err)
		}
		if got := placesIn(t, ctx, parts); !slices.Equal(got, want) {
			t.Errorf("%d rows, of which %d are different, not %d", len(got), len(slices.Compact(slices.Clone(got))), len(want))
		}
		report, err := sinks.Verify(ctx, parts)
		if err != nil || len(report.Problems) > 0 || report.Rejects != 4 {
			t.Errorf("%d rejects, problems %q, %v", report.Rejects, report.Problems, err)
		}
	})
}

// Offsets of descriptors are committed when all their rows are stored, and messages that are none say where they are.
func TestShardTopicCommits(t *testing.T) {
	b := kafkatest.Start(t)
	dir, _ := dataSet(t)
	topic := b.Topic(t, 1)
	shards, err := (&sources.Parquet{Path: filepath.Join(dir, "0.parquet")}).Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	values := []string{"not JSON"}
	for _, s := range shards[:3] {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(text))
	}
	for _, value := range append(values, `{"file": "/etc/passwd"}`) {
		b.Produce(t, &kgo.Record{Topic: topic, Value: []byte(value)})
	}
	ctx := timeout(t, pipetest.Context(t))
	s := &sources.ShardTopic{
		Topic: sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", ToEnd: true}, Root: dir, Limits: sources.Limits{Rows: 10},
		Resume: func(_ context.Context, lane string) (int64, bool, error) {
			return 40, lane == "0.parquet#1", nil // all of it
		},
	}
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var origins []string
	for n := int64(1); ; n++ {
		rows, err := readBatch(ctx, s)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		origins = append(origins, fmt.Sprintf("%s %d %s", rows[0].origin, len(rows), rows[0].bad))
		if err := s.Commit(ctx, n-1); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"0.parquet#0:0 10 ", // which says what columns there are
		topic + "/0@0:0 1 the descriptor: invalid character 'o' in literal null (expecting 'u')",
		"0.parquet#0:10 10 ",
		"0.parquet#2:40 10 ", "0.parquet#2:50 10 ",
		topic + `/0@4:0 1 "/etc/passwd" is not below the directory of the data set`,
	}
	if !slices.Equal(origins, want) {
		t.Errorf("%s\nnot\n%s", strings.Join(origins, "\n"), strings.Join(want, "\n"))
	}
	for n, committed := range map[int64]int64{5: 4, 6: 5} {
		if n == 6 {
			if err := s.Commit(ctx, n); err != nil {
				t.Fatal(err)
			}
		}
		if n == 6 || b.Committed(t, "g", topic, 1)[0] != 5 {
			if got := b.Committed(t, "g", topic, 1)[0]; got != committed {
				t.Errorf("%d batches are stored: offset %d is committed, not %d", n, got, committed)
			}
		}
	}
}

// What a descriptor names must be there, be what it says, and have the columns of what came before.
func TestShardTopicSaysWhatIsWrong(t *testing.T) {
	b := kafkatest.Start(t)
	dir, _ := dataSet(t)
	outside := filepath.Join(t.TempDir(), "x.parquet")
	if err := os.Rename(filepath.Join(dir, "3.parquet"), outside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link.parquet")); err != nil {
		t.Fatal(err)
	}
	const whole = `{"file": "0.parquet", "row_group": 0, "rows": 20}`
	for _, test := range []struct {
		descriptors []string
		want        string
	}{
		{[]string{`{"file": "9.parquet"}`}, "@0: \"DIR/9.parquet\": no such file or directory"},
		{[]string{`{"file": "link.parquet"}`}, "@0: \"DIR/link.parquet\": path escapes from parent"},
		{[]string{whole, `{"file": "0.parquet", "row_group": 1, "first_row": 20, "rows": 21}`}, "row group 1 is not the one of 21 rows from row 20 on that the shard is said to be"},
		{[]string{whole, `{"file": "a/0.tar"}`}, "a/0.tar:0: its columns [] are not those of the pieces before, [source_origin_lane source_origin_offset width]: name those that are to ride along"},
	} {
		topic := b.Topic(t, 1)
		for _, d := range test.descriptors {
			b.Produce(t, &kgo.Record{Topic: topic, Value: []byte(d)})
		}
		ctx := timeout(t, pipetest.Context(t))
		s := &sources.ShardTopic{Topic: sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true}, Root: dir}
		if err := s.Open(ctx); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil {
			_, err = readBatch(ctx, s)
		}
		if got := strings.ReplaceAll(err.Error(), dir, "DIR"); !strings.Contains(got, test.want) {
			t.Errorf("%v: %s, not %s", test.descriptors, got, test.want)
		}
		s.Close()
	}
}

// A piece whose partition has gone to another member is left to it, halfway.
func TestShardTopicLeavesWhatIsLost(t *testing.T) {
	b := kafkatest.Start(t)
	dir, _ := dataSet(t)
	topic := b.Topic(t, 1)
	b.Produce(t, &kgo.Record{Topic: topic, Value: []byte(`{"file": "a/0.tar"}`)})
	ctx := timeout(t, pipetest.Context(t))
	open := func() *sources.ShardTopic {
		s := &sources.ShardTopic{Topic: sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", SessionTimeout: time.Second}, Root: dir, Limits: sources.Limits{Rows: 1}}
		if err := s.Open(ctx); err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := open()
	defer first.Close()
	if _, err := readBatch(ctx, first); err != nil {
		t.Fatal(err)
	}
	second := open()
	defer second.Close()
	expelled := time.Time{}
	until(t, "the other member has the partition", func() bool {
		if time.Since(expelled) > 2*time.Second { // who gets it is a matter of chance
			b.Expel(t, "g")
			expelled = time.Now()
		}
		return len(first.Lag()) == 0
	})
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if rows, err := readBatch(ctx, first); err == nil && rows[0].origin != "a/0.tar:0" { // unless it is back already
		t.Errorf("it reads on, at %s", rows[0].origin)
	} else if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
