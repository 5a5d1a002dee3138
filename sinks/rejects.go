package sinks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
)

// Rejects appends rejected rows to a file of JSON lines. The file is made when the first row comes, and rows of
// earlier runs are kept. Rows that were written outlive a process that is killed, and a run that fails.
//
// What is in a bucket cannot be appended to. There each piece of the rows is an object of its own: of a Path that ends
// in rejects.jsonl these are rejects-RUN-00000.jsonl, rejects-RUN-00001.jsonl and so on, of which RUN is the time at
// which the run began and a number of its own. A piece is put every few seconds; what is not is not stored.
type Rejects struct {
	Path string

	file    *os.File
	device  bool          // that the file is: it cannot be synced
	pieces  *rejectPieces // of a Path in a bucket
	writes  int64
	durable int64
}

// Open checks that the file's directory is there.
func (s *Rejects) Open(ctx context.Context) error {
	if store.IsAddress(s.Path) {
		var err error
		s.pieces, err = openPieces(ctx, s.Path)
		return err
	}
	dir := filepath.Dir(s.Path)
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", dir)
	}
	return err
}

// Write appends a line for each row.
func (s *Rejects) Write(_ context.Context, in pipeline.Rejects) error {
	if s.file == nil && s.pieces == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, reject := range in {
		if err := encoder.Encode(reject); err != nil {
			return fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	s.writes++
	if s.pieces != nil {
		return s.pieces.write(lines.Bytes())
	}
	_, err := s.file.Write(lines.Bytes())
	return err
}

// begin opens the file, and ends a line that was cut off.
func (s *Rejects) begin() error {
	file, err := os.OpenFile(s.Path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	s.file = file
	info, err := file.Stat()
	if err != nil {
		return err
	}
	s.device = !info.Mode().IsRegular()
	if info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = file.Write([]byte{'\n'})
	}
	return err
}

// Stored makes the rows durable, against a loss of power too, and returns how many writes are.
func (s *Rejects) Stored() int64 {
	if s.pieces != nil && !s.pieces.due() {
		return s.durable
	}
	if s.durable < s.writes && s.sync() == nil {
		s.durable = s.writes
	}
	return s.durable
}

func (s *Rejects) sync() error {
	if s.pieces != nil {
		return s.pieces.put()
	}
	if s.device {
		return nil
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(s.Path))
}

// Close makes the rows durable.
func (s *Rejects) Close() error {
	if s.pieces != nil {
		return s.pieces.close()
	}
	if s.file == nil {
		return nil
	}
	defer s.file.Close()
	return s.sync()
}
