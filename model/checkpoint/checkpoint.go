// Package checkpoint reads and writes safetensors files: named tensors in one file, or in shards that an
// index names. The format is a header length (8 bytes, little-endian), a JSON header, and the tensors' bytes
// one after the other (https://github.com/huggingface/safetensors#format).
package checkpoint

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is an open checkpoint. Its tensors point into a memory mapping: they, and float32 slices got from
// them, are read-only and end with Close. A file that is open here must not be overwritten in place (replace
// it by a rename, as this project does): its pages would change, or vanish, under the reader.
type File struct {
	name     string
	tensors  map[string]*Tensor
	metadata map[string]string
	mappings [][]byte
}

// Open maps a safetensors file, or, where the path ends in .index.json, the shards which that index names.
// A header that is not sound in every detail is an error.
func Open(path string) (*File, error) {
	if strings.HasSuffix(path, ".index.json") {
		return openShards(path)
	}
	return openFile(path)
}

func openFile(path string) (*File, error) {
	data, err := mapPath(path)
	if err != nil {
		return nil, err
	}
	f, err := Parse(filepath.Base(path), data)
	if err != nil {
		return nil, errors.Join(err, unmap(data))
	}
	f.mappings = [][]byte{data}
	return f, nil
}

// Parse reads a checkpoint that is already in memory; data must stay unchanged while the File is used. The
// name stands in errors.
func Parse(name string, data []byte) (*File, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{name: name, tensors: make(map[string]*Tensor, len(h.tensors)), metadata: h.metadata}
	for i := range h.tensors {
		t := &h.tensors[i]
		t.file = name
		f.tensors[t.Name] = t
	}
	return f, nil
}

// Name is the base name of the file, or of the index that names the shards.
func (f *File) Name() string { return f.name }

// Names lists the tensors in alphabetical order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.tensors)) }

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (*Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Metadata is the header's free-form part, such as {"format": "pt"}. Of shards it is that of the index.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Forget gives back the memory that the file's pages take. They are read from the file again when they are next looked at.
func (f *File) Forget() {
	for _, m := range f.mappings {
		forget(m)
	}
}

// Close unmaps the file. No tensor of it, and no slice that aliases one, may be used afterwards.
func (f *File) Close() error {
	var errs []error
	for _, m := range f.mappings {
		errs = append(errs, unmap(m))
	}
	f.mappings, f.tensors = nil, nil
	return errors.Join(errs...)
}

func mapPath(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	if info.Size() < lengthSize {
		return nil, fmt.Errorf("%s: %d bytes are too few for a safetensors file", filepath.Base(path), info.Size())
	}
	if int64(int(info.Size())) != info.Size() {
		return nil, fmt.Errorf("%s: %d bytes do not fit this machine's address space", filepath.Base(path), info.Size())
	}
	data, err := mapFile(file, int(info.Size()))
	if err != nil {
		return nil, fmt.Errorf("%s: map: %w", filepath.Base(path), err)
	}
	return data, nil
}
