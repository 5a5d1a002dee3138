package sinks

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"time"
)

const (
	pieceBytes = 1 << 20 // of rejects, with which a piece is put
	pieceWait  = 5 * time.Second
)

// rejectPieces puts the rows of one run into a bucket, piece by piece.
type rejectPieces struct {
	bucket  *inBucket
	name    string // of a piece, with the place of its number
	number  int
	waiting bytes.Buffer
	since   time.Time // when the first of what waits came
}

func openPieces(ctx context.Context, address string) (*rejectPieces, error) {
	place, at, err := openPlace(ctx, address)
	if err != nil {
		return nil, err
	}
	var random [4]byte
	rand.Read(random[:])
	extension := path.Ext(at)
	run := time.Now().UTC().Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:])
	name := strings.ReplaceAll(strings.TrimSuffix(at, extension), "%", "%%") + "-" + run + "-%05d" + extension
	return &rejectPieces{bucket: place.(*inBucket), name: name}, nil
}

// write keeps lines for the next piece, and puts it where it is large.
func (p *rejectPieces) write(lines []byte) error {
	if p.waiting.Len() == 0 {
		p.since = time.Now()
	}
	p.waiting.Write(lines)
	if p.waiting.Len() < pieceBytes {
		return nil
	}
	return p.put()
}

// due reports whether what waits has done so for long enough.
func (p *rejectPieces) due() bool { return p.waiting.Len() == 0 || time.Since(p.since) >= pieceWait }

// put makes what waits durable. What was put already, and its answer lost, is put again in the same place.
func (p *rejectPieces) put() error {
	if p.waiting.Len() == 0 {
		return nil
	}
	piece := bytes.NewReader(p.waiting.Bytes())
	if err := p.bucket.Put(p.bucket.ctx, fmt.Sprintf(p.name, p.number), piece, piece.Size(), false); err != nil {
		return err
	}
	p.number++
	p.waiting.Reset()
	return nil
}

func (p *rejectPieces) close() error {
	defer p.bucket.close()
	return p.put()
}
