package sinks

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairstream/pairstream/internal/store"
	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
)

// Open makes a sink for batches of a sort of an address, without opening it:
//
//	jsonl:FILE      JSONL; "jsonl:-" is standard output
//	parquet:FILE    Parquet, of a path that ends in .parquet and is no directory
//	parquet:DIR     Parts; "parquet:DIR?half=1&fixed=1&flush=10s" sets Half, Fixed and Flush,
//	                size=BYTES PartBytes, rows=N GroupRows
//	npy:DIR         Npy; "npy:DIR?half=1&rows=1000000" sets Half and FileRows
//	kafka://HOST:PORT,…/TOPIC  Kafka: "?format=json" says json, raw or arrow, floats=base64 is for JSON; compression=zstd,
//	                max=BYTES of a message; sasl, tls, ca, cert, key
//
// A path alone is one of a file that ends in .jsonl or .parquet, else of a directory for Npy; "-" is standard output.
// Paths can be addresses in buckets, s3://BUCKET/KEY or gs://BUCKET/KEY, with further options that are theirs:
// "parquet:s3://pairs/2026?half=1&region=eu-central-1". Those are of gocloud.dev's s3blob and gcsblob.
//
// Of a Parts sink, Rejects and Resume are to be given to the runner and the source.
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
		of := url.Values{} // the bucket
		for option := range options {
			switch {
			case slices.Contains(s.options, option):
			case store.IsAddress(path):
				of[option] = options[option]
				delete(options, option)
			default:
				return nil, fmt.Errorf("sink %q: %s has no option %q", address, name, option)
			}
		}
		if len(of) > 0 {
			path += "?" + of.Encode()
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
		{"parquet", []string{"half", "fixed", "flush", "size", "rows"}, openParquet[T]},
		{"npy", []string{"half", "rows"}, openNpy[T]},
		{"kafka", kafkaOptions, func(rest string, options url.Values) (pipeline.Sink[T], error) {
			u, err := url.Parse("kafka:" + rest)
			if err != nil {
				return nil, err
			}
			u.RawQuery = options.Encode()
			return openKafka[T](u)
		}},
	}
}

func openNpy[T Table[T]](path string, options url.Values) (pipeline.Sink[T], error) {
	npy := &Npy{Dir: path}
	sink, ok := any(npy).(pipeline.Sink[T])
	if !ok {
		return nil, fmt.Errorf("npy takes %T, not %T", batch.Vectors{}, *new(T))
	}
	var err error
	if npy.Half, err = parseBool(options, "half"); err != nil {
		return nil, err
	}
	npy.FileRows, err = parseCount(options, "rows", "rows")
	return sink, err
}

func openParquet[T Table[T]](path string, options url.Values) (pipeline.Sink[T], error) {
	info, err := os.Stat(path)
	name, _ := store.CutOptions(path)
	if isDir := err == nil && info.IsDir(); !isDir && strings.EqualFold(filepath.Ext(name), ".parquet") {
		for option := range options {
			return nil, fmt.Errorf("%s is for a directory, not a file", option)
		}
		return &Parquet[T]{Path: path}, nil
	}
	parts := &Parts[T]{Dir: path}
	if parts.Half, err = parseBool(options, "half"); err != nil {
		return nil, err
	}
	if parts.Fixed, err = parseBool(options, "fixed"); err != nil {
		return nil, err
	}
	if options.Has("flush") {
		if parts.Flush, err = time.ParseDuration(options.Get("flush")); err != nil || parts.Flush <= 0 {
			return nil, fmt.Errorf("flush=%s is not a span of time", options.Get("flush"))
		}
	}
	if parts.PartBytes, err = parseCount(options, "size", "bytes"); err != nil {
		return nil, err
	}
	parts.GroupRows, err = parseCount(options, "rows", "rows")
	return parts, err
}

// parseCount returns an option that is a number of something; 0 where it is not given.
func parseCount(options url.Values, name, of string) (int64, error) {
	if !options.Has(name) {
		return 0, nil
	}
	n, err := strconv.ParseInt(options.Get(name), 10, 64)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s=%s is not a number of %s", name, options.Get(name), of)
	}
	return n, nil
}

// parseBool returns an option that is 1 or 0; false where it is not given.
func parseBool(options url.Values, name string) (bool, error) {
	if !options.Has(name) {
		return false, nil
	}
	value, err := strconv.ParseBool(options.Get(name))
	if err != nil {
		return false, fmt.Errorf("%s=%s is neither 1 nor 0", name, options.Get(name))
	}
	return value, nil
}

var schemeName = regexp.MustCompile(`^([a-z][a-z0-9-]+):`)

// parse takes an address apart.
func parse(address string) (scheme, path string, options url.Values, err error) {
	match := schemeName.FindStringSubmatch(address)
	if match == nil {
		return guess(address), address, nil, nonEmpty(address)
	}
	if store.IsAddress(address) {
		path, query := store.CutOptions(address)
		options, err = url.ParseQuery(query)
		return guess(path), path, options, err
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
