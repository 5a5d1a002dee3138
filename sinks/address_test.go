package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/batch"
	"github.com/pairstream/pairstream/sinks"
)

func ExampleOpen() {
	sink, err := sinks.Open[batch.Vectors]("npy:embeddings?half=1&rows=1000000")
	fmt.Printf("%T %v\n", sink, err)
	_, err = sinks.Open[batch.Metrics]("npy:metrics")
	fmt.Println(err)
	_, err = sinks.Open[batch.Vectors]("s3:bucket")
	fmt.Println(err)
	// Output:
	// *sinks.Npy <nil>
	// sink "npy:metrics": npy takes batch.Vectors, not batch.Metrics
	// sink "s3:bucket": "s3" is none of jsonl, parquet, npy, kafka
}

func ExampleCollect() {
	ctx := context.Background()
	loss := batch.MetricsOf(batch.Allocator(ctx), 0.3, 0.88, 10, 100)
	defer loss.Release()
	sink := &sinks.Collect[batch.Metrics]{}
	defer sink.Release()
	if err := errors.Join(sink.Write(ctx, loss), sink.Write(ctx, loss), sink.Close()); err != nil {
		panic(err)
	}
	fmt.Println(sink.NumRows(), sink.Batches[1].Loss(0))
	// Output: 2 0.3
}

func TestOpen(t *testing.T) {
	for address, want := range map[string]pipeline.Sink[batch.Vectors]{
		"-":                         &sinks.JSONL[batch.Vectors]{Path: "-"},
		"jsonl:-":                   &sinks.JSONL[batch.Vectors]{Path: "-"},
		"out.jsonl":                 &sinks.JSONL[batch.Vectors]{Path: "out.jsonl"},
		"jsonl:/a/out.parquet":      &sinks.JSONL[batch.Vectors]{Path: "/a/out.parquet"},
		"a/B.Parquet":               &sinks.Parquet[batch.Vectors]{Path: "a/B.Parquet"},
		"parquet:out":               &sinks.Parts[batch.Vectors]{Dir: "out"},
		"parquet:out/?fixed=1":      &sinks.Parts[batch.Vectors]{Dir: "out/", Fixed: true},
		"parquet:out?size=9&rows=7": &sinks.Parts[batch.Vectors]{Dir: "out", PartBytes: 9, GroupRows: 7},
		"parquet:a.b?half=1":        &sinks.Parts[batch.Vectors]{Dir: "a.b", Half: true},
		"parquet:out?flush=10s":     &sinks.Parts[batch.Vectors]{Dir: "out", Flush: 10 * time.Second},
		"embeddings":                &sinks.Npy{Dir: "embeddings"},
		"./a:b?c":                   &sinks.Npy{Dir: "./a:b?c"},
		"npy:a%20b?half=0":          &sinks.Npy{Dir: "a%20b"},
		"npy:out?half=1&rows=100":   &sinks.Npy{Dir: "out", Half: true, FileRows: 100},
	} {
		got, err := sinks.Open[batch.Vectors](address)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v, not %#v", address, got, err, want)
		}
	}
	for address, want := range map[string]string{
		"":                         `sink "": it has no path`,
		"npy:":                     `sink "npy:": it has no path`,
		"jsonl:?a=b":               `sink "jsonl:?a=b": it has no path`,
		"pulsar://host/topic":      `sink "pulsar://host/topic": "pulsar" is none of jsonl, parquet, npy, kafka`,
		"kafka://host/a?group=g":   `sink "kafka://host/a?group=g": kafka has no option "group"`,
		"npy:out?haf=1":            `sink "npy:out?haf=1": npy has no option "haf"`,
		"npy:out?half=yes":         `sink "npy:out?half=yes": half=yes is neither 1 nor 0`,
		"npy:out?rows=0":           `sink "npy:out?rows=0": rows=0 is not a number of rows`,
		"npy:out?rows=1e6":         `sink "npy:out?rows=1e6": rows=1e6 is not a number of rows`,
		"parquet:out?file=1":       `sink "parquet:out?file=1": parquet has no option "file"`,
		"parquet:out?half=2":       `sink "parquet:out?half=2": half=2 is neither 1 nor 0`,
		"parquet:out?flush=1":      `sink "parquet:out?flush=1": flush=1 is not a span of time`,
		"parquet:o.parquet?half=1": `sink "parquet:o.parquet?half=1": half is for a directory, not a file`,
		"npy:out?half=%zz":         `sink "npy:out?half=%zz": invalid URL escape "%zz"`,
		"jsonl:out.jsonl?x;=1":     `sink "jsonl:out.jsonl?x;=1": invalid semicolon separator in query`,
	} {
		if sink, err := sinks.Open[batch.Vectors](address); err == nil || err.Error() != want {
			t.Errorf("%s: %v, %v, not %s", address, sink, err, want)
		}
	}
}
