package batch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
)

// Keys of the notes that the steps leave in a schema's metadata: fingerprints of what the numbers depend on. Each step
// passes on the notes of its input.
const (
	PreprocessNote = notePrefix + "preprocess"
	TokenizerNote  = notePrefix + "tokenizer"
	ModelNote      = notePrefix + "model"

	notePrefix = "pairstream."
)

// A Note is a key and a value in a schema's metadata.
type Note struct{ Key, Value string }

// Fingerprint returns all notes of a schema as one line, "model=… preprocess=… tokenizer=…": rows whose schemas have
// the same were made in the same way. It is empty where there are no notes.
func Fingerprint(schema *arrow.Schema) string {
	var parts []string
	for key, value := range schema.Metadata().ToMap() {
		if name, ok := strings.CutPrefix(key, notePrefix); ok {
			parts = append(parts, name+"="+value)
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// noted returns the metadata of schemas and notes together. Where a key has two values, the rows do not belong
// together.
func noted(notes []Note, schemas ...*arrow.Schema) (arrow.Metadata, error) {
	merged := map[string]string{}
	add := func(key, value string) error {
		if old, ok := merged[key]; ok && old != value {
			return fmt.Errorf("%s is %s in one branch and %s in the other", key, old, value)
		}
		merged[key] = value
		return nil
	}
	for _, s := range schemas {
		for key, value := range s.Metadata().ToMap() {
			if err := add(key, value); err != nil {
				return arrow.Metadata{}, err
			}
		}
	}
	for _, n := range notes {
		merged[n.Key] = n.Value
	}
	return arrow.MetadataFrom(merged), nil
}
