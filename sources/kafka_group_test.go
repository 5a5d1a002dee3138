package sources_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/pairstream/pairstream/internal/kafkatest"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sources"
	"github.com/pairstream/pairstream/sources/message"
)

// A member reads a source in a goroutine of its own, and commits all that it reads while it may.
type member struct {
	*sources.Kafka
	warnings
	stop context.CancelFunc
	done sync.WaitGroup

	mu   sync.Mutex
	rows []got
	err  error
}

// work starts a member, which the test ends.
func work(t *testing.T, ctx context.Context, s *sources.Kafka) *member {
	t.Helper()
	m := &member{Kafka: s}
	s.Warn = m.add
	if err := s.Open(ctx); err != nil {
		t.Fatal(err)
	}
	reading, stop := context.WithCancel(ctx)
	m.stop = stop
	m.done.Go(func() {
		for n := int64(1); ; n++ {
			rows, err := readBatch(reading, s)
			if err == nil {
				m.mu.Lock()
				m.rows = append(m.rows, rows...)
				m.mu.Unlock()
				err = s.Commit(ctx, n)
			}
			if err != nil {
				m.mu.Lock()
				m.err = err
				m.mu.Unlock()
				return
			}
		}
	})
	t.Cleanup(m.leave)
	return m
}

// leave lets the member go.
func (m *member) leave() {
	m.stop()
	m.done.Wait()
	if m.Kafka != nil {
		m.Close()
		m.Kafka = nil
	}
}

func (m *member) read() []got {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.rows)
}

// until waits for something to become true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func unique(members ...*member) []string {
	var all []got
	for _, m := range members {
		all = append(all, m.read()...)
	}
	return slices.Compact(ids(all))
}

func TestKafkaMembersShareATopic(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		const partitions = 6
		topic := b.Topic(t, partitions)
		records := raw(topic, partitions, 1200)
		ctx := timeout(t, pipetest.Context(t))
		group := "group-" + topic
		source := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, SessionTimeout: time.Second, Wait: time.Millisecond}
		}
		holds := func(m *member, n int) func() bool { return func() bool { return len(m.Lag()) == n } }

		b.Produce(t, records[:300]...)
		one := work(t, ctx, source())
		until(t, "one member has all", holds(one, 6))
		two, three := work(t, ctx, source()), work(t, ctx, source())
		until(t, "each of three has two", func() bool { return holds(one, 2)() && holds(two, 2)() && holds(three, 2)() })
		b.Produce(t, records[300:600]...)
		until(t, "600 rows", func() bool { return len(unique(one, two, three)) == 600 })
		one.leave()
		until(t, "each of two has three", func() bool { return holds(two, 3)() && holds(three, 3)() })
		b.Produce(t, records[600:]...)
		until(t, "1200 rows", func() bool { return len(unique(one, two, three)) == 1200 })
		until(t, "all is committed", func() bool {
			return !slices.ContainsFunc(b.Committed(t, group, topic, partitions), func(n int64) bool { return n != 200 })
		})
		two.leave()
		three.leave()
		if rows := len(one.read()) + len(two.read()) + len(three.read()); rows > 1200+300 {
			t.Errorf("%d rows read of 1200: more than were on their way when partitions went to others", rows)
		}
	})
}

// A partition that stays with a member when another joins is read on: what was read before is committed, and not read
// again.
func TestKafkaKeepsWhatItHas(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 2)
		const each = 500
		b.Produce(t, raw(topic, 2, 2*each)...)
		ctx := timeout(t, pipetest.Context(t))
		group := "group-" + topic
		source := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, SessionTimeout: time.Second, Wait: time.Millisecond, Limits: sources.Limits{Rows: 10}}
		}
		var w warnings
		s := source()
		s.Warn = w.add
		open(t, ctx, s)
		rows, batches := []got(nil), int64(0)
		for lanes := map[byte]bool{}; len(lanes) < 2; batches++ {
			of := readRows(t, ctx, s, 1)
			rows = append(rows, of...)
			lanes[of[0].origin[len(topic)+1]] = true
		}
		other := work(t, ctx, source())
		until(t, "the other has a partition", func() bool { return len(other.Lag()) == 1 && len(s.Lag()) == 1 })
		if err := s.Commit(ctx, batches); err != nil {
			t.Fatal(err)
		}
		w.check(t, "batches are stored whose partitions have gone to other members")
		var kept string
		for lane := range s.Lag() {
			kept = lane
		}
		number := kept[strings.LastIndexByte(kept, '/')+1] - '0'
		before := slices.DeleteFunc(slices.Clone(rows), func(r got) bool { return !strings.HasPrefix(r.origin, kept+":") })
		if got := b.Committed(t, group, topic, 2)[number]; got != int64(len(before)) {
			t.Errorf("%s: committed %d, not the %d that were read before the other came", kept, got, len(before))
		}
		after := readRows(t, ctx, s, each-len(before))
		for i, r := range append(before, after...) {
			if want := fmt.Sprintf("%s:%d", kept, i); r.origin != want {
				t.Fatalf("row %d is from %s, not %s", i, r.origin, want)
			}
		}
		s.Close()
	})
}

// A member that was taken for dead cannot put back what others have committed since.
func TestKafkaRefusesCommitsOfTheDead(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		b.Produce(t, raw(topic, 1, 100)...)
		ctx := timeout(t, pipetest.Context(t))
		group := "group-" + topic
		var w warnings
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, Warn: w.add,
			SessionTimeout: 8 * time.Second, Wait: time.Millisecond, Limits: sources.Limits{Rows: 10}}) // it hears of it after two
		readRows(t, ctx, s, 50)
		b.Expel(t, group)
		other := work(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, SessionTimeout: time.Second})
		until(t, "the other has committed all", func() bool { return b.Committed(t, group, topic, 1)[0] == 100 })
		other.leave() // so that the partition comes back
		if err := s.Commit(ctx, 2); err != nil {
			t.Fatal(err)
		}
		w.check(t, "trying to commit again: [") // by the broker
		if got := b.Committed(t, group, topic, 1)[0]; got != 100 {
			t.Errorf("committed %d after 100", got)
		}
		s.Close()
	})
}

func TestKafkaStartsAtTheEnd(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 2)
		records := raw(topic, 2, 40)
		b.Produce(t, records[:20]...)
		ctx := timeout(t, pipetest.Context(t))
		group := "group-" + topic
		latest := func() *sources.Kafka {
			return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, Latest: true, Limits: sources.Limits{Rows: 5}}
		}
		s := open(t, ctx, latest())
		until(t, "both ends are committed", func() bool { return slices.Equal(b.Committed(t, group, topic, 2), []int64{10, 10}) })
		b.Produce(t, records[20:30]...)
		if rows := readRows(t, ctx, s, 5); rows[0].id != "id-20" && rows[0].id != "id-21" {
			t.Errorf("begins at %s", rows[0].id)
		}
		if err := s.Commit(ctx, 1); err != nil {
			t.Fatal(err)
		}
		s.Close()
		b.Produce(t, records[30:]...)
		s = open(t, ctx, latest()) // begins where the group was, though that is not the end now
		if rows := readRows(t, ctx, s, 15); !slices.Contains(ids(rows), "id-29") && !slices.Contains(ids(rows), "id-28") {
			t.Errorf("what came in between is not among %v", ids(rows))
		}
		s.Close()
	})
}

// The sink's word goes before the group's, ahead of it and behind it.
func TestKafkaResumes(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 3)
	b.Produce(t, raw(topic, 3, 90)...)
	ctx := timeout(t, pipetest.Context(t))
	source := func() *sources.Kafka {
		return &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", ToEnd: true}
	}
	s := open(t, ctx, source())
	readAll(t, ctx, s)
	if err := s.Commit(ctx, 1); err != nil { // one of the three is committed
		t.Fatal(err)
	}
	s.Close()
	committed := b.Committed(t, "g", topic, 3)
	of := slices.Index(committed, 30)
	knows := map[string]int64{fmt.Sprintf("%s/%d", topic, of): 20, fmt.Sprintf("%s/%d", topic, (of+1)%3): 25}
	s = source()
	s.Resume = func(_ context.Context, lane string) (int64, bool, error) {
		next, ok := knows[lane]
		return next, ok, nil
	}
	open(t, ctx, s)
	first := map[string]string{}
	for _, r := range readAll(t, ctx, s) {
		lane, offset, _ := strings.Cut(r.origin, ":")
		if first[lane] == "" {
			first[lane] = offset
		}
	}
	s.Close()
	for i, want := range []string{"20", "25", "0"} {
		if lane := fmt.Sprintf("%s/%d", topic, (of+i)%3); first[lane] != want {
			t.Errorf("%s begins at %s, not %s", lane, first[lane], want)
		}
	}
}

// Messages of many rows can be resumed between two rows, and are committed when the last is stored.
func TestKafkaMessagesOfManyRows(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		ctx := timeout(t, pipetest.Context(t))
		for m := range 3 {
			var value bytes.Buffer
			builder := batch.NewPairsBuilder(ctx)
			for i := range 40 {
				builder.Append("file", int64(i), fmt.Sprintf("id-%d", m*40+i), []byte("jpeg"), "a cat")
			}
			p, err := builder.NewPairs()
			if err != nil {
				t.Fatal(err)
			}
			w := ipc.NewWriter(&value, ipc.WithSchema(p.Schema()), ipc.WithAllocator(batch.Allocator(ctx)))
			if err := errors.Join(w.Write(p), w.Close()); err != nil {
				t.Fatal(err)
			}
			p.Release()
			builder.Release()
			b.Produce(t, &kgo.Record{Topic: topic, Value: value.Bytes()})
		}
		group := "group-" + topic
		s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: group, ToEnd: true, Messages: message.Arrow{}})
		var rows []got
		for n := int64(1); len(rows) < 120; n++ {
			of, err := readBatch(ctx, s)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, of...)
			if err := s.Commit(ctx, n); err != nil {
				t.Fatal(err)
			}
			if got, want := b.Committed(t, group, topic, 1)[0], int64(len(rows)/40); got != want && !(want == 0 && got == -1) {
				t.Errorf("committed %d after %d rows", got, len(rows))
			}
		}
		s.Close()
		for i, r := range rows {
			if want := fmt.Sprintf("%s/0:%d", topic, i/40<<20+i%40); r.origin != want || r.id != fmt.Sprintf("id-%d", i) {
				t.Fatalf("row %d is %s from %s, not from %s", i, r.id, r.origin, want)
			}
		}
		s = open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, ToEnd: true, Messages: message.Arrow{},
			Resume: func(context.Context, string) (int64, bool, error) { return 1<<20 + 17, true, nil }})
		if rest := readAll(t, ctx, s); !slices.Equal(rest, rows[57:]) {
			t.Errorf("%d rows from %s on, not 63 from id-57", len(rest), rest[0].id)
		}
		s.Close()
	})
}

func TestKafkaFindsNewPartitions(t *testing.T) {
	kafkatest.Each(t, func(t *testing.T, b *kafkatest.Broker) {
		topic := b.Topic(t, 1)
		ctx := timeout(t, pipetest.Context(t))
		m := work(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "group-" + topic, Latest: true, SessionTimeout: time.Second})
		until(t, "it has the partition", func() bool { return len(m.Lag()) == 1 })
		b.Do(t, func(ctx context.Context, c *kgo.Client) error {
			request := kmsg.NewCreatePartitionsRequest()
			request.TimeoutMillis = 10_000
			of := kmsg.NewCreatePartitionsRequestTopic()
			of.Topic, of.Count = topic, 3
			request.Topics = append(request.Topics, of)
			_, err := request.RequestWith(ctx, c)
			return err
		})
		b.Produce(t, raw(topic, 3, 30)...) // none of a new partition is passed over, though it starts at the end
		until(t, "all rows", func() bool { return len(unique(m)) == 30 })
		m.leave()
	})
}

// Where the pipeline hangs, the partitions go to others. There is one for each member: the other has all rows only
// when this one has left, and not because the group shared out a single partition anew.
func TestKafkaHeldUp(t *testing.T) {
	b := kafkatest.Start(t)
	topic := b.Topic(t, 2)
	b.Produce(t, raw(topic, 2, 100)...)
	ctx := timeout(t, pipetest.Context(t))
	s := open(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", Limits: sources.Limits{Rows: 10}, HoldUp: 100 * time.Millisecond})
	readRows(t, ctx, s, 10)
	m := work(t, ctx, &sources.Kafka{Brokers: b.Addresses, Topics: []string{topic}, Group: "g", SessionTimeout: time.Second})
	until(t, "the other has all rows", func() bool { return len(unique(m)) == 100 })
	_, err := s.Read(ctx)
	checkError(t, err, `group "g"`, "nothing was read for 100ms")
	m.leave()
	s.Close()
}
