package sources_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

// warnings keeps what a source warns of.
type warnings struct {
	mu    sync.Mutex
	texts []string
}

func (w *warnings) add(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.texts = append(w.texts, err.Error())
}

// has reports whether a warning contains a text.
func (w *warnings) has(text string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.texts, func(s string) bool { return strings.Contains(s, text) })
}

// check fails unless a warning contains a text.
func (w *warnings) check(t *testing.T, text string) {
	t.Helper()
	if !w.has(text) {
		t.Errorf("no warning of %q among %q", text, w.texts)
	}
}

// checkError fails unless err is one line that contains all texts.
func checkError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a line", err)
	}
}

func TestKafkaOpenSaysWhatIsWrong(t *testing.T) {
	certificates := httptest.NewTLSServer(nil) // for its certificate
	certificates.Close()
	authorities := x509.NewCertPool()
	authorities.AddCert(certificates.Certificate())
	trusting := &tls.Config{RootCAs: authorities, ServerName: "example.com"}
	plain := kafkatest.Start(t)
	topic := plain.Topic(t, 1)
	sasl := kafkatest.Start(t, kfake.EnableSASL(), kfake.SeedTopics(1, topic), kfake.Superuser("PLAIN", "p", "secret"),
		kfake.Superuser("SCRAM-SHA-256", "s", "secret"), kfake.Superuser("SCRAM-SHA-512", "S", "secret"))
	secure := kafkatest.Start(t, kfake.TLS(certificates.TLS), kfake.SeedTopics(1, topic))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, test := range map[string]struct {
		source sources.Kafka
		want   []string // nothing: it opens
	}{
		"no brokers":            {sources.Kafka{Topics: []string{topic}}, []string{"no brokers"}},
		"no topics":             {sources.Kafka{Brokers: plain.Addresses}, []string{"no topics"}},
		"column twice":          {sources.Kafka{Brokers: plain.Addresses, Topics: []string{topic}, Columns: []string{"url", "url"}}, []string{`"url"`}},
		"nobody there":          {sources.Kafka{Brokers: []string{closed.Addr().String()}, Topics: []string{topic}}, []string{closed.Addr().String(), "connection refused"}},
		"one of two there":      {sources.Kafka{Brokers: []string{closed.Addr().String(), plain.Addresses[0]}, Topics: []string{topic}}, nil},
		"no such topic":         {sources.Kafka{Brokers: plain.Addresses, Topics: []string{topic, "other"}}, []string{`"other"`, "Unknown Topic"}},
		"no such mechanism":     {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "GSSAPI"}, []string{"GSSAPI"}},
		"PLAIN":                 {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "PLAIN", User: "p", Password: "secret"}, nil},
		"SCRAM-SHA-256":         {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "SCRAM-SHA-256", User: "s", Password: "secret"}, nil},
		"SCRAM-SHA-512":         {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "SCRAM-SHA-512", User: "S", Password: "secret"}, nil},
		"wrong password":        {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "PLAIN", User: "p", Password: "wrong"}, []string{`PLAIN`, `"p"`, "password"}},
		"wrong SCRAM":           {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}, Mechanism: "SCRAM-SHA-512", User: "S", Password: "wrong"}, []string{`SCRAM-SHA-512`, `"S"`}},
		"no password":           {sources.Kafka{Brokers: sasl.Addresses, Topics: []string{topic}}, []string{sasl.Addresses[0]}},
		"TLS":                   {sources.Kafka{Brokers: secure.Addresses, Topics: []string{topic}, TLS: trusting}, nil},
		"unknown authority":     {sources.Kafka{Brokers: secure.Addresses, Topics: []string{topic}, TLS: &tls.Config{ServerName: "example.com"}}, []string{"certificate"}},
		"no TLS where there is": {sources.Kafka{Brokers: secure.Addresses, Topics: []string{topic}}, []string{"TLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := timeout(t, pipetest.Context(t))
			began := time.Now()
			s := test.source
			err := s.Open(ctx)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			if test.want != nil {
				if err == nil {
					s.Close()
				}
				checkError(t, err, test.want...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
		})
	}
}

func TestKafkaBadMessagesAreBadRows(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1, "max.message.bytes", "16777216")
		caption := []kgo.RecordHeader{{Key: "caption", Value: []byte("a cat")}}
		large := make([]byte, 5<<20)
		b.Produce(t,
			&kgo.Record{Topic: topic, Key: []byte("good"), Value: []byte("jpeg"), Headers: caption},
			&kgo.Record{Topic: topic, Key: []byte("gone"), Headers: caption},
			&kgo.Record{Topic: topic, Value: []byte("jpeg")},
			&kgo.Record{Topic: topic, Key: []byte("large"), Value: large, Headers: caption},
			&kgo.Record{Topic: topic, Key: []byte("last"), Value: []byte("jpeg"), Headers: caption},
		)
		for most, bad := range map[int]string{1 << 20: "a message of 5242880 bytes: the limit is 1048576", 6 << 20: ""} {
			ctx := timeout(t, pipetest.Context(t))
			s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, MaxMessageBytes: most})
			rows := readAll(t, ctx, s)
			s.Close()
			want := []got{
				{id: "good", image: "jpeg", caption: "a cat", origin: topic + "/0:0"},
				{id: "gone", origin: topic + "/0:1", bad: "the value is null: a tombstone is no pair"},
				{id: topic + "/0@2", origin: topic + "/0:2", bad: `no header "caption"`},
				{id: "large", origin: topic + "/0:3", bad: bad},
				{id: "last", image: "jpeg", caption: "a cat", origin: topic + "/0:4"},
			}
			if bad == "" {
				want[3].image, want[3].caption = string(large), "a cat"
			}
			if !slices.Equal(rows, want) {
				t.Errorf("%.300v", rows)
			}
		}
	})
}

func TestKafkaRetention(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 100)...)
		group := "group-" + topic
		ctx := timeout(t, pipetest.Context(t))
		source := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Limits: sources.Limits{Rows: 10}}
		}
		s := open(t, ctx, source())
		readRows(t, ctx, s, 10)
		if err := s.Commit(ctx, 1); err != nil {
			t.Fatal(err)
		}
		s.Close()
		b.DeleteRecords(t, topic, 0, 60)

		s = open(t, ctx, source())
		_, err := s.Read(ctx)
		checkError(t, err, topic+"/0", "records 10 to 59 were deleted before they were read")
		s.Close()

		var w warnings
		s = source()
		s.SkipLost, s.Warn = true, w.add
		open(t, ctx, s)
		if rows := readAll(t, ctx, s); len(rows) != 40 || rows[0].id != "id-60" {
			t.Errorf("%d rows from %s on, not 40 from id-60", len(rows), rows[0].id)
		}
		s.Close()
		w.check(t, "records 10 to 59 were deleted before they were read")

		fresh := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true})
		if rows := readAll(t, ctx, fresh); len(rows) != 40 { // who begins now has lost nothing
			t.Errorf("%d rows, not 40", len(rows))
		}
		fresh.Close()
	})
}

// A topic that is deleted and made anew, with fewer records, ends a source that was further, whether that was reading or
// begins where its sink says.
func TestKafkaTopicMadeAnew(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 50)...)
		ctx := timeout(t, pipetest.Context(t))
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}})
		readRows(t, ctx, s, 50)
		b.Delete(t, topic)
		b.Make(t, topic, 1)
		b.Produce(t, raw(topic, 1, 10)...)
		_, err := s.Read(ctx)
		checkError(t, err, topic+"/0", "offset 50 is behind the end at", "made anew")
		s.Close()
		s = open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic},
			Resume: func(context.Context, string) (int64, bool, error) { return 50, true, nil }})
		_, err = s.Read(ctx)
		checkError(t, err, topic+"/0", "offset 50 is behind the end at 10")
		s.Close()
	})
}

// One bit flips in each response that has records: in every place of a batch's head and in its first records. All rows
// come, none twice.
func TestKafkaSurvivesFlippedBits(t *testing.T) {
	const batches = 80
	filling := strings.Repeat("x", 30_000) // so that a response has two batches or three
	var mu sync.Mutex
	flips := 0
	b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		for i, at := range kafkatest.Batches(response) {
			if i == flips%2 { // the first or the second of the response
				place := at[0] + flips/2%(at[1]-at[0])
				response[place] ^= 1 << (7 - flips%8)
				flips++
				break
			}
		}
		return response
	}))
	topic := b.Topic(t, 1)
	for _, r := range raw(topic, 1, batches) {
		r.Value = append(r.Value, filling...)
		b.Produce(t, r)
	}
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add,
		BufferBytes: 1, Wait: time.Millisecond})
	rows := readAll(t, ctx, s)
	s.Close()
	for i, r := range rows {
		if want := (got{fmt.Sprintf("id-%d", i), fmt.Sprintf("picture %d", i) + filling, fmt.Sprintf("caption %d", i), fmt.Sprintf("%s/0:%d", topic, i), ""}); r != want {
			t.Fatalf("row %d is %.300v", i, r)
		}
	}
	if len(rows) != batches {
		t.Errorf("%d rows, not %d", len(rows), batches)
	}
	if flips < 100 {
		t.Errorf("only %d bits flipped", flips)
	}
	t.Logf("%d bits flipped, %d warnings", flips, len(w.texts))
}

// A record that stays corrupt is an error, and what is before it is read.
func TestKafkaCorruptRecord(t *testing.T) {
	b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
		if i := strings.Index(string(response), "picture 5"); i >= 0 {
			response[i] ^= 1
		}
		return response
	}))
	topic := b.Topic(t, 1)
	for _, r := range raw(topic, 1, 10) {
		b.Produce(t, r)
	}
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add, Stall: 300 * time.Millisecond})
	rows := readRows(t, ctx, s, 5)
	_, err := s.Read(ctx)
	checkError(t, err, topic+"/0", "no progress", "checksum")
	w.check(t, "checksum")
	if len(rows) != 5 || rows[4].id != "id-4" {
		t.Errorf("rows %v", rows)
	}
	s.Close()
}

func TestKafkaAbortedTransactions(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		records := raw(topic, 1, 80)
		for i := range 8 {
			part := records[i*10 : (i+1)*10]
			if i%3 == 0 { // without a transaction
				b.Produce(t, part...)
				continue
			}
			b.Do(t, func(ctx context.Context, c *kgo.Client) error {
				if err := c.BeginTransaction(); err != nil {
					return err
				}
				for _, r := range part { // a batch each
					if err := c.ProduceSync(ctx, r).FirstErr(); err != nil {
						return err
					}
				}
				return c.EndTransaction(ctx, kgo.TransactionEndTry(i%3 == 1))
			}, kgo.TransactionalID(fmt.Sprintf("%s-%d", topic, i%3)))
		}
		until(t, "the last marker is written", func() bool { return b.Count(t, topic) == 85 })
		ctx := timeout(t, pipetest.Context(t))
		var w warnings
		group := "group-" + topic
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Warn: w.add})
		rows := readAll(t, ctx, s)
		var want []string
		for i := range 80 {
			if i/10%3 != 2 {
				want = append(want, fmt.Sprintf("id-%d", i))
			}
		}
		slices.Sort(want)
		if !slices.Equal(ids(rows), want) {
			t.Errorf("%d rows, not %d: %v", len(rows), len(want), ids(rows))
		}
		if err := s.Commit(ctx, 100); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if got := b.Committed(t, group, topic, 1); got[0] != 85 { // with a marker behind each of five transactions
			t.Errorf("committed %d, not 85", got[0])
		}
		if w.has("no record") {
			t.Errorf("%q", w.texts)
		}
	})
}

func TestKafkaCompactedTopic(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 1, "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01", "segment.ms", "1")
	records := raw(topic, 1, 60)
	for i, r := range records {
		r.Key = fmt.Appendf(nil, "id-%d", i%20)
	}
	for i := range 20 {
		b.Produce(t, records[i*3:(i+1)*3]...)
	}
	b.Fake.Compact()
	ctx := timeout(t, pipetest.Context(t))
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Warn: w.add})
	rows := readAll(t, ctx, s)
	latest := map[string]string{}
	for _, r := range rows {
		latest[r.id] = r.image
	}
	for i := 40; i < 60; i++ {
		id := fmt.Sprintf("id-%d", i%20)
		if want := fmt.Sprintf("picture %d", i); latest[id] != want {
			t.Errorf("%s is %q, not %q", id, latest[id], want)
		}
	}
	if len(rows) >= 60 {
		t.Errorf("%d rows: nothing was compacted", len(rows))
	}
	w.check(t, "no record at offset")
	s.Close()
}

func TestKafkaSurvivesBrokers(t *testing.T) {
	ports := freePorts(t, 2)
	dir := t.TempDir()
	start := func() *kfake.Cluster {
		c, err := kfake.NewCluster(kfake.Ports(ports...), kfake.DataDir(dir), kfake.GroupMinSessionTimeout(100*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	fake := start()
	defer func() { fake.Close() }()
	b := &kafkatest.Broker{Addresses: fake.ListenAddrs(), Fake: fake}
	topic := b.Topic(t, 4)
	records := raw(topic, 4, 400)
	for _, r := range records {
		r.Value = make([]byte, 20_000) // so that there is something left to fetch
	}
	b.Produce(t, records...)
	ctx := timeout(t, pipetest.Context(t))
	group := "group-" + topic
	var w warnings
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, Warn: w.add,
		BufferBytes: 1 << 18, Wait: time.Millisecond})
	var rows []got
	reads := int64(0)
	read := func(n int) {
		t.Helper()
		for range n {
			if len(rows) == 400 {
				return
			}
			of, err := readBatch(ctx, s)
			if err != nil {
				t.Fatalf("after %d rows: %v; warnings %q", len(rows), err, w.texts)
			}
			rows = append(rows, of...)
			reads++
			if err := s.Commit(ctx, reads); err != nil {
				t.Fatalf("after %d rows: %v; warnings %q", len(rows), err, w.texts)
			}
		}
	}
	read(10)
	fake.ShufflePartitionLeaders()
	read(20)
	fake.Close()
	fake = start()
	read(20)
	fake.ShufflePartitionLeaders()
	fake.RehashCoordinators()
	for len(rows) < 400 {
		read(1)
	}
	s.Close()
	if !slices.Equal(ids(rows), wantIDs(400)) {
		t.Errorf("%d rows, not those that were written", len(rows))
	}
	for p, got := range b.Committed(t, group, topic, 4) {
		if got != 100 {
			t.Errorf("partition %d: committed %d, not 100", p, got)
		}
	}
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}

func TestKafkaStalls(t *testing.T) {
	for name, silence := range map[string]func(b *kafkatest.Broker){
		"brokers gone": func(b *kafkatest.Broker) { b.Fake.Close() },
		"records refused": func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.KafkaStorageError, Count: -1})
		},
		"group refuses": func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup}, Err: kerr.CoordinatorNotAvailable, Count: -1})
		},
		"topic deleted": func(b *kafkatest.Broker) {},
		"not allowed": func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		},
		"group not allowed": func(b *kafkatest.Broker) {
			b.Fake.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat, kmsg.JoinGroup}, Err: kerr.GroupAuthorizationFailed, Count: -1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := kafkatest.Start(t)
			topic := b.Topic(t, 1)
			b.Produce(t, raw(topic, 1, 10)...)
			ctx := timeout(t, pipetest.Context(t))
			s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g",
				SessionTimeout: 400 * time.Millisecond, Stall: 300 * time.Millisecond})
			readRows(t, ctx, s, 10)
			if name == "topic deleted" {
				b.Delete(t, topic)
			}
			silence(b)
			began := time.Now()
			_, err := s.Read(ctx)
			want := []string{topic + "/0"}
			if strings.HasPrefix(name, "group") {
				want = []string{`group "g"`}
			}
			if name == "brokers gone" {
				want = []string{"refused"}
			}
			checkError(t, err, want...)
			if took := time.Since(began); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
			s.Close()
		})
	}
}

// An error of the broker in place of a committed offset is not the lack of one.
func TestKafkaCommittedOffsetRefused(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 1)
	b.Produce(t, raw(topic, 1, 20)...)
	ctx := timeout(t, pipetest.Context(t))
	source := func() *sources.Kafka {
		return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", ToEnd: true, Limits: sources.Limits{Rows: 10}}
	}
	s := open(t, ctx, source())
	readRows(t, ctx, s, 10)
	if err := s.Commit(ctx, 1); err != nil {
		t.Fatal(err)
	}
	s.Close()
	refused := 0
	b.Fake.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		b.Fake.KeepControl()
		if r.GetVersion() == 1 { // the client library's own
			return nil, nil, false
		}
		if refused++; refused > 3 {
			return nil, nil, false
		}
		response := r.ResponseKind().(*kmsg.OffsetFetchResponse)
		of, in := kmsg.NewOffsetFetchResponseTopic(), kmsg.NewOffsetFetchResponseTopicPartition()
		of.Topic, in.Offset, in.ErrorCode = topic, -1, kerr.UnstableOffsetCommit.Code
		of.Partitions = append(of.Partitions, in)
		response.Topics = append(response.Topics, of)
		return response, nil, true
	})
	s = open(t, ctx, source())
	if rows := readAll(t, ctx, s); len(rows) != 10 || rows[0].id != "id-10" {
		t.Errorf("%d rows from %s on, not 10 from id-10", len(rows), rows[0].id)
	}
	s.Close()
}

func TestKafkaPassesErrorsOfResumeOn(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 1)
	ctx := timeout(t, pipetest.Context(t))
	broken := errors.New("the directory is gone")
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic},
		Resume: func(context.Context, string) (int64, bool, error) { return 0, false, broken }})
	_, err := s.Read(ctx)
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	s.Close()
}

// An Open that is aborted while a broker does not answer says that it was, whichever answer it waited for.
func TestKafkaOpenIsAborted(t *testing.T) {
	for answered := range 8 {
		t.Run(fmt.Sprint(answered), func(t *testing.T) {
			silent := make(chan struct{})
			var answers atomic.Int64
			var heard atomic.Bool // of what is to be silent
			b := kafkatest.Start(t, kfake.NumBrokers(1), kafkatest.Tamper(func(response []byte) []byte {
				if heard.Load() && answers.Add(1) > int64(answered) {
					<-silent
				}
				return response
			}))
			defer close(silent)
			topic := b.Topic(t, 2)
			heard.Store(true)
			ctx, cancel := context.WithTimeout(pipetest.Context(t), 300*time.Millisecond)
			defer cancel()
			s := &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true}
			err := s.Open(ctx)
			if err == nil {
				s.Close()
				if answered < 3 {
					t.Error("it opens without answers")
				}
				return
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v", err)
			}
		})
	}
}
