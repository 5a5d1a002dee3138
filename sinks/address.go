package sinks

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Open makes a sink for batches of a sort of an address, without opening it:
//
//	jsonl:FILE      JSONL; "jsonl:-" is standard output
//	parquet:FILE    Parquet
//	npy:DIR         Npy; "npy:DIR?half=1&rows=1000000" sets Half and FileRows
//
// A path alone is one of a file that ends in .jsonl or .parquet, else of a directory for Npy; "-" is standard output.
func Open[T Table[T]](address string) (pipeline.Sink[T], error) {
	name, path, options, err := parse(address)
	if err != nil {
		return nil, fmt.Errorf("sink %q: %w", address, err)
	}
	var known []string
	for _, s := range schemes[T]() {
		if s.name != name {
			known = append(known, s.name)
			continue
		}
		for option := range options {
			if !slices.Contains(s.options, option) {
				return nil, fmt.Errorf("sink %q: %s has no option %q", address, name, option)
			}
		}
		sink, err := s.open(path, options)
		if err != nil {
			return nil, fmt.Errorf("sink %q: %w", address, err)
		}
		return sink, nil
	}
	return nil, fmt.Errorf("sink %q: %q is none of %s", address, name, strings.Join(known, ", "))
}

// A scheme is a way to address a sink.
type scheme[T Table[T]] struct {
	name    string
	options []string
	open    func(path string, options url.Values) (pipeline.Sink[T], error)
}

func schemes[T Table[T]]() []scheme[T] {
	return []scheme[T]{
		{"jsonl", nil, func(path string, _ url.Values) (pipeline.Sink[T], error) {
			return &JSONL[T]{Path: path}, nil
		}},
		{"parquet", nil, func(path string, _ url.Values) (pipeline.Sink[T], error) {
			return &Parquet[T]{Path: path}, nil
		}},
		{"npy", []string{"half", "rows"}, openNpy[T]},
	}
}

func openNpy[T Table[T]](path string, options url.Values) (pipeline.Sink[T], error) {
	npy := &Npy{Dir: path}
	sink, ok := any(npy).(pipeline.Sink[T])
	if !ok {
		return nil, fmt.Errorf("npy takes %T, not %T", batch.Vectors{}, *new(T))
	}
	var err error
	if options.Has("half") {
		if npy.Half, err = strconv.ParseBool(options.Get("half")); err != nil {
			return nil, fmt.Errorf("half=%s is neither 1 nor 0", options.Get("half"))
		}
	}
	if options.Has("rows") {
		if npy.FileRows, err = strconv.ParseInt(options.Get("rows"), 10, 64); err != nil || npy.FileRows < 1 {
			return nil, fmt.Errorf("rows=%s is not a number of rows", options.Get("rows"))
		}
	}
	return sink, nil
}

var schemeName = regexp.MustCompile(`^([a-z][a-z0-9-]+):`)

// parse takes an address apart.
func parse(address string) (scheme, path string, options url.Values, err error) {
	match := schemeName.FindStringSubmatch(address)
	if match == nil {
		return guess(address), address, nil, nonEmpty(address)
	}
	path, query, _ := strings.Cut(address[len(match[0]):], "?")
	if options, err = url.ParseQuery(query); err != nil {
		return "", "", nil, err
	}
	return match[1], path, options, nonEmpty(path)
}

// guess returns the scheme of a path.
func guess(path string) string {
	switch extension := strings.ToLower(filepath.Ext(path)); {
	case path == "-" || extension == ".jsonl":
		return "jsonl"
	case extension == ".parquet":
		return "parquet"
	default:
		return "npy"
	}
}

func nonEmpty(path string) error {
	if path == "" {
		return fmt.Errorf("it has no path")
	}
	return nil
}
