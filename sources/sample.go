package sources

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// A sample is what the members of one key hold. Its buffers are used for one after the other.
type sample struct {
	limit    int64 // bytes of a picture
	key      string
	suffixes []string // of all its members
	best     int      // the picture's index in pictureTypes
	picture  bytes.Buffer
	text     bytes.Buffer // .txt
	json     bytes.Buffer // .json
	err      error        // a member that is too large, or a picture that is empty
}

// maxMembers bounds a sample.
const maxMembers = 1024

func (s *sample) reset() {
	s.key, s.suffixes, s.best, s.err = "", s.suffixes[:0], len(pictureTypes), nil
}

func (s *sample) has(suffix string) bool { return slices.Contains(s.suffixes, suffix) }

func (s *sample) hasPicture() bool { return s.best < len(pictureTypes) }

// object returns the .json.
func (s *sample) object() ([]byte, error) {
	if s.json.Len() == 0 && s.err != nil {
		return nil, s.err
	}
	if !utf8.Valid(s.json.Bytes()) {
		return nil, errors.New("not UTF-8")
	}
	return s.json.Bytes(), nil
}

// add takes a member that belongs to the sample, of whose content in is the reader.
func (s *sample) add(key, suffix string, member *tar.Header, in io.Reader) error {
	if len(s.suffixes) == maxMembers {
		return fmt.Errorf("sample %q has more than %d members", key, maxMembers)
	}
	s.key, s.suffixes = key, append(s.suffixes, suffix)
	switch suffix {
	case "txt":
		return s.fill(&s.text, member, in, maxText)
	case "json":
		return s.fill(&s.json, member, in, maxText)
	}
	if kind := slices.Index(pictureTypes, suffix); kind >= 0 && kind < s.best {
		s.best = kind
		if member.Size == 0 {
			s.fail(emptyFile(member.Name))
		}
		return s.fill(&s.picture, member, in, s.limit)
	}
	return nil
}

// fail keeps the first error.
func (s *sample) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// fill reads a member into a buffer, unless it is too large.
func (s *sample) fill(to *bytes.Buffer, member *tar.Header, in io.Reader, limit int64) error {
	to.Reset()
	if member.Size > limit {
		s.fail(tooLarge(member.Name, member.Size, limit))
		return nil
	}
	to.Grow(int(member.Size) + bytes.MinRead)
	_, err := to.ReadFrom(in)
	return err
}
