package sources

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sources/message"
)

// ShardTopic reads the pieces of data sets that descriptors in a topic name (see [Shard]): row groups of Parquet files,
// and tar files. The members of a group share them, so that a data set is read by as many processes as there are
// partitions.
//
// The lane of a row is that of its piece, the offset its place in the file: whoever reads it, and however often its
// descriptor is delivered, they are the same. So a sink that stores each row of a lane once, such as sinks.Parts, does
// so for all members together, and with Resume nobody reads what is stored. A descriptor's offset is committed when
// every sink has stored what it stands for. A piece whose partition goes to another member is left to it.
//
// A message that is no descriptor is a bad row at offset 0 of the lane "topic/partition@offset". A file that is missing,
// or has no such row group, is an error.
type ShardTopic struct {
	// Topic is where descriptors are. Its Messages, Columns, Limits and Resume are not used.
	Topic Kafka

	// Root is the directory of the data sets: no descriptor leads out of it, by a symbolic link neither.
	Root string

	// Parquet says what row groups are read for: of its fields all count but Path, Shard, Resume and Limits.
	Parquet Parquet

	// Resume asks the sink up to where it has stored a lane, when its piece is opened.
	Resume func(ctx context.Context, lane string) (next int64, ok bool, err error)

	Limits Limits

	topic  *Kafka
	root   store.Root
	piece  pipeline.Source[batch.Pairs] // that is being read; nil between two
	now    *taken                       // the piece's descriptor
	schema *arrow.Schema                // of all batches; nil before the first
	bad    []badDescriptor              // to be given as soon as there is a schema

	mu        sync.Mutex
	given     int64    // batches
	stored    int64    // of them
	taken     []*taken // descriptors that are not committed
	committed int64    // those before
}

// A taken descriptor is through after so many batches; -1 while that is not known.
type taken struct{ after int64 }

// A badDescriptor is a message that is none.
type badDescriptor struct {
	*taken
	lane, id string
	err      error
}

// Open joins the group.
func (s *ShardTopic) Open(ctx context.Context) (err error) {
	if s.root, err = openRoot(ctx, s.Root); err != nil {
		return err
	}
	topic := s.Topic
	topic.Messages, topic.Columns, topic.Resume, topic.Limits = descriptors{}, nil, nil, Limits{Rows: 1}
	if err := topic.Open(ctx); err != nil {
		_ = s.root.Close() // err says more
		return err
	}
	s.topic, s.piece, s.schema, s.bad = &topic, nil, nil, nil
	s.given, s.stored, s.taken, s.committed = 0, 0, nil, 0
	return nil
}

// descriptors decodes messages far enough to say which are bad.
type descriptors struct{}

func (descriptors) MaxRows() int64 { return 1 }

func (descriptors) Decode(_ context.Context, m message.Message, _ message.Wants) ([]message.Row, error) {
	shard, err := parseShard(m.Value)
	if err != nil {
		return nil, err
	}
	return []message.Row{{ID: shard.Lane(), Image: m.Value}}, nil
}

// Read returns the next rows of one piece after another.
func (s *ShardTopic) Read(ctx context.Context) (batch.Pairs, error) {
	for {
		s.topic.consumer.touch()
		var err error
		switch {
		case s.schema != nil && len(s.bad) > 0:
			return s.giveBad(ctx)
		case s.piece == nil:
			if err = s.next(ctx); err == io.EOF && len(s.bad) > 0 {
				return s.giveBad(ctx)
			}
		case s.topic.consumer.lost():
			err = s.leave(ctx)
		default:
			var pairs batch.Pairs
			if pairs, err = s.piece.Read(ctx); pairs.Record != nil {
				return s.give(pairs, err)
			}
			if err == io.EOF {
				err = s.leave(ctx)
			}
		}
		if err != nil {
			return batch.Pairs{}, err
		}
	}
}

// next takes a descriptor, and opens the piece that it stands for.
func (s *ShardTopic) next(ctx context.Context) error {
	row, err := s.topic.Read(ctx)
	if row.Record == nil {
		return err
	}
	defer row.Release()
	t := &taken{after: -1}
	s.mu.Lock()
	s.taken = append(s.taken, t)
	s.mu.Unlock()
	place := fmt.Sprintf("%s@%d", row.Column(3).(*array.String).Value(0), row.Column(4).(*array.Int64).Value(0))
	if bad := (pipeline.RowErrors)(nil); errors.As(err, &bad) {
		id, _ := row.Label(0)
		s.bad = append(s.bad, badDescriptor{t, place, id, bad[0].Err})
		return nil
	}
	shard, err := parseShard(row.Picture(0))
	if err == nil {
		err = s.open(ctx, shard)
	}
	if err != nil {
		return fmt.Errorf("descriptor %s: %w", place, err)
	}
	s.now = t
	return nil
}

// open opens a piece.
func (s *ShardTopic) open(ctx context.Context, shard Shard) error {
	path := store.Join(s.Root, shard.File)
	f, err := s.root.Open(ctx, shard.File) // which it can be only within Root
	if err != nil {
		return pathError(path, err)
	}
	f.Close()
	if isShard(shard.File) {
		t := &Tar{Paths: []string{path}, Dir: s.Root, Limits: s.Limits, Resume: s.Resume}
		s.piece = t
		return t.Open(ctx)
	}
	of := &s.Parquet
	p := &Parquet{
		Path: s.Root, Shard: &shard, Limits: s.Limits, Resume: s.Resume,
		ImageColumn: of.ImageColumn, CaptionColumn: of.CaptionColumn, IDColumn: of.IDColumn, Columns: of.Columns, Dir: of.Dir,
		AllCaptions: of.AllCaptions, Where: of.Where, SkipCorrupt: of.SkipCorrupt,
	}
	s.piece = p
	return p.Open(ctx)
}

// leave goes on behind the piece that is being read.
func (s *ShardTopic) leave(ctx context.Context) error {
	err := s.piece.Close()
	s.piece = nil
	s.mu.Lock()
	s.now.after = s.given
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.Commit(ctx, 0) // nothing may be left to store
}

// give gives rows of a piece, which must have the columns of all before.
func (s *ShardTopic) give(pairs batch.Pairs, bad error) (batch.Pairs, error) {
	switch schema := pairs.Schema(); {
	case s.schema == nil:
		s.schema = schema
	case !slices.EqualFunc(schema.Fields(), s.schema.Fields(), sameColumn):
		_, origin := pairs.Label(0)
		pairs.Release()
		return batch.Pairs{}, fmt.Errorf("%s: its columns %v are not those of the pieces before, %v: name those that are to ride along",
			origin, furtherNames(schema), furtherNames(s.schema))
	}
	s.mu.Lock()
	s.given++
	s.mu.Unlock()
	return pairs, bad
}

func sameColumn(a, b arrow.Field) bool { return a.Name == b.Name && arrow.TypeEqual(a.Type, b.Type) }

// furtherNames returns what the columns behind those that all pairs have are called.
func furtherNames(s *arrow.Schema) []string {
	var names []string
	for _, f := range s.Fields()[ownColumns:] {
		names = append(names, f.Name)
	}
	return names
}

// ownColumns is how many columns the pairs of all sources have: id, image, caption, lane and offset.
const ownColumns = 5

// giveBad gives the first bad row that waits.
func (s *ShardTopic) giveBad(ctx context.Context) (batch.Pairs, error) {
	var further []arrow.Field
	if s.schema != nil {
		further = s.schema.Fields()[ownColumns:]
	}
	b := batch.NewPairsBuilder(ctx, further...)
	defer b.Release()
	bad := s.bad[0]
	s.bad = s.bad[1:]
	b.AppendBad(bad.lane, 0, bad.id, bad.err)
	for i := range further {
		b.Further(i).AppendNull()
	}
	s.mu.Lock()
	s.given++
	bad.after = s.given
	s.mu.Unlock()
	return b.NewPairs()
}

// Commit commits the offsets of the descriptors whose rows are among the first n batches.
func (s *ShardTopic) Commit(ctx context.Context, n int64) error {
	s.mu.Lock()
	before := s.committed
	s.stored = max(s.stored, n)
	for len(s.taken) > 0 && s.taken[0].after >= 0 && s.taken[0].after <= s.stored {
		s.taken = s.taken[1:]
		s.committed++
	}
	through := s.committed
	s.mu.Unlock()
	if through == before {
		return nil
	}
	return s.topic.Commit(ctx, through)
}

// Lag returns by lane how many descriptors of this member's partitions have not been read.
func (s *ShardTopic) Lag() map[string]int64 { return s.topic.Lag() }

// Progress returns how many of this member's descriptors have been read, from 0 to 1; 0 where there is no end.
func (s *ShardTopic) Progress() float64 {
	if s.topic == nil {
		return 0
	}
	return s.topic.Progress()
}

// Close closes the piece that is open, and leaves the group.
func (s *ShardTopic) Close() error {
	if s.topic == nil {
		return nil
	}
	var err error
	if s.piece != nil {
		err = s.piece.Close()
		s.piece = nil
	}
	return errors.Join(err, s.topic.Close(), s.root.Close())
}
