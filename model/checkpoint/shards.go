package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const (
	maxIndex  = 16 << 20
	maxShards = 1024
)

// openShards opens the files that a model.safetensors.index.json names and joins their tensors. Index and
// shards must agree on which tensor stands where.
func openShards(path string) (*File, error) {
	name := filepath.Base(path)
	where, err := readIndex(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f := &File{name: name, tensors: make(map[string]*Tensor, len(where))}
	if err := f.join(filepath.Dir(path), where); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
	}
	return f, nil
}

// join opens each shard once and takes its tensors in.
func (f *File) join(dir string, where map[string]string) error {
	opened := make(map[string]bool)
	listed := slices.Sorted(maps.Keys(where))
	for _, tensor := range listed {
		shard := where[tensor]
		if opened[shard] {
			continue
		}
		if len(opened) == maxShards {
			return fmt.Errorf("more than %d shards", maxShards)
		}
		opened[shard] = true
		if shard != filepath.Base(shard) || !filepath.IsLocal(shard) {
			return fmt.Errorf("tensor %s: shard %q is not a file name", tensor, shard)
		}
		part, err := openFile(filepath.Join(dir, shard))
		if err != nil {
			return err
		}
		f.mappings = append(f.mappings, part.mappings...)
		for _, name := range part.Names() {
			if where[name] != shard {
				return fmt.Errorf("tensor %s stands in %s, which the index does not say", name, shard)
			}
			f.tensors[name] = part.tensors[name]
		}
	}
	for _, tensor := range listed {
		if f.tensors[tensor] == nil {
			return fmt.Errorf("tensor %s is missing in %s", tensor, where[tensor])
		}
	}
	return nil
}

func readIndex(path string) (map[string]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxIndex {
		return nil, fmt.Errorf("more than %d bytes", maxIndex)
	}
	var index struct {
		Weights map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, err
	}
	if len(index.Weights) == 0 {
		return nil, errors.New("weight_map is empty")
	}
	return index.Weights, nil
}
