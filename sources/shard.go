package sources

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/pairstream/pairstream/internal/store"
)

// A shard is a tar file that is being read.
type shard struct {
	path    string
	from    store.Store
	file    store.File
	gauge   *gauge
	unzip   *gzip.Reader // nil where it is not gzipped
	tar     *tar.Reader
	member  string      // the last begun
	ahead   *tar.Header // a member that belongs to the next sample
	samples int64       // read
}

func openShard(ctx context.Context, at shardFile, g *gauge) (*shard, error) {
	file, err := at.store.Open(ctx, at.path)
	if err != nil {
		return nil, pathError(at.path, err)
	}
	s := &shard{path: at.path, from: at.store, file: file, gauge: g}
	in := bufio.NewReaderSize(s, 256<<10)
	if magic, _ := in.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		s.tar = tar.NewReader(in)
		return s, nil
	}
	if s.unzip, err = gzip.NewReader(in); err != nil {
		file.Close()
		return nil, s.error(err)
	}
	s.tar = tar.NewReader(s.unzip)
	return s, nil
}

// Read reads the file, and counts.
func (s *shard) Read(p []byte) (int, error) {
	n, err := s.file.Read(p)
	s.gauge.read.Add(int64(n))
	return n, err
}

func (s *shard) close() error { return errors.Join(s.file.Close(), s.from.Close()) }

// error says where in the shard something went wrong.
func (s *shard) error(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if s.member == "" {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	return fmt.Errorf("%s: at or after member %q: %w", s.path, s.member, err)
}

// read reads the next sample, and io.EOF after the last.
func (s *shard) read(ctx context.Context, to *sample) error {
	to.reset()
	for {
		if err := ctx.Err(); err != nil && len(to.suffixes) == 0 { // a sample is not left halfway
			return err
		}
		member, err := s.next()
		if err != nil {
			if err == io.EOF && len(to.suffixes) > 0 {
				break
			}
			return err
		}
		key, suffix, ok := split(member)
		if !ok {
			continue
		}
		if len(to.suffixes) > 0 && (key != to.key || to.has(suffix)) {
			s.ahead = member
			break
		}
		if err := to.add(key, suffix, member, s.tar); err != nil {
			return s.error(err)
		}
	}
	s.samples++
	return nil
}

// next returns the next member.
func (s *shard) next() (*tar.Header, error) {
	if member := s.ahead; member != nil {
		s.ahead = nil
		return member, nil
	}
	member, err := s.tar.Next()
	if err == io.EOF {
		return nil, s.end()
	}
	if err != nil {
		return nil, s.error(err)
	}
	s.member = member.Name
	return member, nil
}

// end reads to the end of a gzipped file, where its checksum is.
func (s *shard) end() error {
	if s.unzip != nil {
		if _, err := io.Copy(io.Discard, s.unzip); err != nil {
			return s.error(err)
		}
	}
	return io.EOF
}

// meta are members that are about the shard.
var meta = regexp.MustCompile(`^__[^/]*__($|/)`)

// split returns the key and the extension, in lower case, of a member that can belong to a sample: a regular file whose
// name does not begin with a dot.
func split(member *tar.Header) (key, suffix string, ok bool) {
	switch member.Typeflag {
	case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
	default:
		return "", "", false
	}
	if meta.MatchString(member.Name) {
		return "", "", false
	}
	dir, base := path.Split(member.Name)
	stem, suffix, dotted := strings.Cut(base, ".")
	return dir + stem, strings.ToLower(suffix), dotted && stem != ""
}
