// Package chaos kills what reads a topic into Parquet parts, and looks for what was lost or doubled.
//
// The test starts itself again as what it needs: three workers, which run the real source, engine and sink, and a broker.
// Its seeds say who is killed when.
package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/pairstream/pairstream/internal/kafkatest"
)

const (
	pairs      = 20_000
	partitions = 8
	workers    = 3
	looks      = 600 // for all pairs to be stored, five a second
)

// TestMain is the way into the other processes.
func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "worker":
		endWithParent()
		work()
	case "broker":
		endWithParent()
		serve()
	default:
		os.Exit(m.Run())
	}
}

// Every pair is in the published parts or among the rejects, once, though a worker is killed every one to three seconds,
// another is stopped and wakes when its partitions are others', and the broker is killed and comes back.
//
// With even seeds a worker that gets a partition asks the parts where to go on, with odd ones the group alone: either
// must do.
//
// PAIRSTREAM_SEEDS is how many seeds are tried, and PAIRSTREAM_SEED the first of them.
func TestKafkaToParts(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		eachSeed(t, 2, func(t *testing.T) broker { return newFake(t) })
	})
	if os.Getenv("PAIRSTREAM_KAFKA") != "" {
		t.Run("apache", func(t *testing.T) {
			eachSeed(t, 1, func(t *testing.T) broker { return newApache(t) })
		})
	}
}

func eachSeed(t *testing.T, few uint64, of func(t *testing.T) broker) {
	first, seeds := number(t, "PAIRSTREAM_SEED", 0), number(t, "PAIRSTREAM_SEEDS", few)
	for seed := first; seed < first+seeds; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { chaos(t, of(t), seed) })
	}
}

// number returns an environment variable.
func number(t *testing.T, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

func chaos(t *testing.T, b broker, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 3))
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	b.start(t)
	addresses := b.addresses()
	topic := fill(t, addresses)
	dir := filepath.Join(t.TempDir(), "parts")
	crew := &crew{t: t, environment: []string{
		brokersVariable + "=" + strings.Join(addresses, ","), topicVariable + "=" + topic, dirVariable + "=" + dir,
	}}
	if seed%2 == 1 {
		crew.environment = append(crew.environment, forgetVariable+"=1")
	}
	defer crew.killAll()
	for range workers {
		crew.hire()
	}

	began := time.Now()
	kill := time.After(between(time.Second, 3*time.Second))
	stop := time.After(between(time.Second, 4*time.Second))
	fell := time.After(between(2*time.Second, 5*time.Second))
	var wake, rise <-chan time.Time
	var zombie *process
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	looked := 0
	for done := false; !done || zombie == nil || wake != nil || rise != nil; {
		select {
		case <-kill:
			crew.kill(random, zombie)
			crew.hire()
			kill = time.After(between(time.Second, 3*time.Second))
		case <-stop:
			zombie = crew.any(random, nil)
			zombie.signal(syscall.SIGSTOP)
			crew.hire()
			wake = time.After(between(3*time.Second, 6*time.Second))
		case <-wake:
			zombie.signal(syscall.SIGCONT)
			wake = nil
		case <-fell:
			b.kill(t)
			crew.fell = time.Now()
			rise = time.After(between(0, 2*time.Second))
		case <-rise:
			b.start(t)
			crew.rose = time.Now()
			rise = nil
		case <-look.C:
			done = stored(t, dir) == pairs
			looked++
		}
		crew.check()
		if looked == looks {
			t.Fatalf("%d pairs of %d are stored after %.0f s", stored(t, dir), pairs, time.Since(began).Seconds())
		}
	}
	took := time.Since(began)
	crew.dismiss()
	audit(t, dir)
	t.Logf("%.1f s; %d workers killed, one stopped, the broker killed; %d rows read again; a partition stood still for %.1f s at the most",
		took.Seconds(), crew.killed, read(t, dir)-pairs, longestPause(t, dir, began).Seconds())
}

// fill makes a topic of pairs, of which some are bad, and returns its name. Of a hundred, one has no caption, which the
// source finds, and one is no picture, which the worker's stage finds.
func fill(t *testing.T, addresses []string) string {
	b := &kafkatest.Broker{Addresses: addresses}
	topic := b.Topic(t, partitions)
	records := make([]*kgo.Record, pairs)
	for i := range records {
		r := &kgo.Record{Topic: topic, Partition: int32(i % partitions), Key: []byte(idOf(i)), Value: []byte(pictureOf(i))}
		if i%100 != 13 {
			r.Headers = []kgo.RecordHeader{{Key: "caption", Value: []byte(captionOf(i))}}
		}
		records[i] = r
	}
	b.Do(t, func(ctx context.Context, c *kgo.Client) error { return c.ProduceSync(ctx, records...).FirstErr() })
	return topic
}

func idOf(i int) string { return fmt.Sprintf("id-%d", i) }

func captionOf(i int) string { return fmt.Sprintf("caption %d", i) }

func pictureOf(i int) string {
	if i%100 == 57 {
		return noPicture
	}
	return fmt.Sprintf("picture %d %s", i, strings.Repeat("x", 100))
}

// bad reports whether a pair is one to be rejected.
func bad(i int) bool { return i%100 == 13 || i%100 == 57 }
