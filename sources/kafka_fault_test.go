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
