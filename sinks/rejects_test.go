package sinks_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pairstream/pairstream/pipeline"
	"github.com/pairstream/pairstream/pipeline/pipetest"
	"github.com/pairstream/pairstream/sinks"
)

func TestRejects(t *testing.T) {
	ctx := pipetest.Context(t)
	path := filepath.Join(t.TempDir(), "rejects.jsonl")
	store(t, ctx, pipeline.Sink[pipeline.Rejects](&sinks.Rejects{Path: path}))
	if _, err := os.Stat(path); err == nil {
		t.Error("a file without rejects")
	}
	rows := pipeline.Rejects{
		{ID: "a.jpg", Step: "preprocess", Reason: "unexpected EOF", Origin: "list.tsv:3"},
		{ID: "b<\"\xff.jpg", Step: "tokenize", Reason: "no caption"},
	}
	s := &sinks.Rejects{Path: path}
	open(t, ctx, s)
	if err := s.Write(ctx, rows[:1]); err != nil {
		t.Fatal(err)
	}
	want := `{"id":"a.jpg","step":"preprocess","reason":"unexpected EOF","origin":"list.tsv:3"}` + "\n"
	if got := read(t, path); got != want { // before it is closed
		t.Errorf("wrote %s not %s", got, want)
	}
	if n := s.Stored(); n != 1 {
		t.Errorf("%d writes stored", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	store(t, ctx, pipeline.Sink[pipeline.Rejects](&sinks.Rejects{Path: path}), rows[1:])
	want += `{"id":"b<\"` + "\\ufffd" + `.jpg","step":"tokenize","reason":"no caption"}` + "\n"
	if got := read(t, path); got != want {
		t.Errorf("wrote %s not %s", got, want)
	}
}

func TestRejectsAfterALineThatWasCutOff(t *testing.T) {
	ctx := pipetest.Context(t)
	path := filepath.Join(t.TempDir(), "rejects.jsonl")
	if err := os.WriteFile(path, []byte(`{"id":"a`), 0o666); err != nil {
		t.Fatal(err)
	}
	store(t, ctx, pipeline.Sink[pipeline.Rejects](&sinks.Rejects{Path: path}), pipeline.Rejects{{ID: "b"}})
	if got, want := read(t, path), `{"id":"a`+"\n"+`{"id":"b","step":"","reason":""}`+"\n"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestRejectsOpen(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "missing", "rejects.jsonl"): "no such file or directory",
		filepath.Join(dir, "file", "rejects.jsonl"):    "file is not a directory",
	} {
		if err := (&sinks.Rejects{Path: path}).Open(t.Context()); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("open %s: %v", path, err)
		}
	}
}

func TestRejectsToADevice(t *testing.T) {
	ctx := pipetest.Context(t)
	s := &sinks.Rejects{Path: os.DevNull}
	store(t, ctx, pipeline.Sink[pipeline.Rejects](s), pipeline.Rejects{{ID: "a"}})
	if n := s.Stored(); n != 1 {
		t.Errorf("%d writes stored", n)
	}
}
