package sinks

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/pairstream/pairstream/pipeline"
)

// Parts writes rows to a directory of Parquet files, each row exactly once: whatever is killed and started again, and
// however many write to the directory at the same time.
//
// The rows must have an origin: a lane, and an offset that ascends in it. Each file is a part of one lane. It accounts
// for all offsets from where the lane's part before it ended, 0 at first, up to an offset of its own, "part.next" in its
// footer: each row of the lane in between is in the part, or, where [Parts.Rejects] is the pipeline's rejects sink, in
// its footer as a reject, or not in the source. Its name is pairs-LANE-FIRST.parquet, with the lane escaped like a URL.
//
// A part is written aside, made durable, and published by a link that fails where there is one of that name. So a lane's
// parts form a chain that one writer at a time makes longer. One who comes too late, because its lane went to another
// while it slept, drops what the other's part accounts for. Rows that a source delivers again are dropped too.
//
// Parts are like the files of [Parquet], with "part.lane", "part.first", "part.next", "part.rows", "part.rejected",
// "part.rejects" and "part.checksum" in the footer besides: see [Verify]. All parts of a directory have the same columns
// and notes; rows of another model are refused. Hidden files that end in .tmp are parts that are being written, or were
// when their process was killed: the next to open the directory removes those. The directory must be on a file system
// that has hard links; without locks, such hidden files stay.
type Parts[T Table[T]] struct {
	Dir string

	PartBytes int64         // a lane is published when it holds about so many, before compression; 0 is 64 MiB
	Flush     time.Duration // and when its first row has waited so long; 0 is a minute

	// BufferBytes is how much all lanes may hold together. Beyond that the largest are published. 0 is 256 MiB.
	BufferBytes int64

	GroupRows, GroupBytes int64 // of row groups, as in Parquet

	// Half rounds float32 in fixed-size lists, such as embeddings, to float16, ties to even. Fixed stores them as their
	// bytes, little-endian, in fixed_size_binary, which takes less time to read; "image_embedding.type" in the footer is
	// "float32" or "float16" then.
	Half, Fixed bool

	chains *chains
	disk   disk // nil is the real one
}

type partSettings struct {
	partBytes, bufferBytes int64
	flush                  time.Duration
	groupRows, groupBytes  int64
	layout                 layout
	disk                   disk
}

// Open makes the directory where there is none, and removes what is left of writers that were killed.
func (s *Parts[T]) Open(ctx context.Context) error {
	settings := partSettings{
		cmp.Or(s.PartBytes, 64<<20), cmp.Or(s.BufferBytes, 256<<20), cmp.Or(s.Flush, time.Minute),
		s.GroupRows, s.GroupBytes, layout{s.Half, s.Fixed}, cmp.Or[disk](s.disk, realDisk{}),
	}
	var err error
	s.chains, err = openChains(ctx, s.Dir, settings)
	return err
}

// Resume returns the offset from which on a lane is not stored: the Resume of sources. ok is false where nothing of it
// is stored. It can be called by any goroutine while the sink is open.
func (s *Parts[T]) Resume(_ context.Context, lane string) (next int64, ok bool, err error) {
	if s.chains == nil {
		return 0, false, errors.New("resume before the sink is open")
	}
	return s.chains.resume(lane)
}

// Write takes the rows of a batch, and publishes the lanes that have enough.
func (s *Parts[T]) Write(_ context.Context, in T) error { return s.chains.write(in, in.Bytes()) }

// Stored publishes the lanes that have waited for long, and returns how many writes are durable.
func (s *Parts[T]) Stored() int64 { return s.chains.stored() }

// Repeated returns how many rows and rejects were dropped because they were stored or held already.
func (s *Parts[T]) Repeated() int64 {
	s.chains.mu.Lock()
	defer s.chains.mu.Unlock()
	return s.chains.repeated
}

// Close publishes what is left.
func (s *Parts[T]) Close() error { return s.chains.close() }

// Abort drops what is not published. What is remains: it is whole, and a run that begins anew goes on behind it.
func (s *Parts[T]) Abort() error {
	s.chains.abort()
	return nil
}

// Rejects returns the sink of rejected rows that belongs to this sink, so that a row and its rejection cannot both be
// stored, nor neither. It takes those of lanes that are stored here, which must have origins; close it after this one.
func (s *Parts[T]) Rejects() pipeline.Sink[pipeline.Rejects] {
	return partRejects{func() *chains { return s.chains }}
}

// partRejects puts rejects into the parts of the sink that it comes from.
type partRejects struct{ chains func() *chains }

func (s partRejects) Write(_ context.Context, in pipeline.Rejects) error {
	return s.chains().reject(in)
}

func (s partRejects) Stored() int64 { return s.chains().storedRejects() }

// Close publishes rejects that came after the rows' sink was closed, of lanes that it had no rows of.
func (s partRejects) Close() error { return s.chains().closeRejects() }

func (s partRejects) Abort() error {
	if c := s.chains(); c != nil { // else the sink was never opened
		c.abort()
	}
	return nil
}
