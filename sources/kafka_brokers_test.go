package sources_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
)

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
