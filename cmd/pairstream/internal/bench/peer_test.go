package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own program stand in for a peer.
func TestMain(m *testing.M) {
	if how := os.Getenv("BENCH_TEST_PEER"); how != "" {
		actAsPeer(how)
		return
	}
	os.Exit(m.Run())
}

func actAsPeer(how string) {
	if how == "missing" {
		fmt.Println(`{"error": "not installed: No module named 'torch'"}`)
		return
	}
	fmt.Println(`{"versions": {"stand-in": "1.2"}}`)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var r request
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			panic(err)
		}
		switch {
		case r.Op == "prepare" && r.Case == "double":
			input, err := readFloats(r.Args["input"].(string))
			if err != nil {
				panic(err)
			}
			for i := range input {
				input[i] *= 2
			}
			if err := writeFloats(r.Args["output"].(string), input); err != nil {
				panic(err)
			}
			fmt.Println(`{}`)
		case r.Op == "run":
			fmt.Printf(`{"calls": 3, "seconds": %v}`+"\n", r.Seconds)
		case r.Op == "forget":
			fmt.Println(`{}`)
		default:
			fmt.Printf(`{"error": "KeyError: %s"}`+"\n", r.Case)
		}
	}
}

func TestPeer(t *testing.T) {
	t.Setenv("BENCH_TEST_PEER", "yes")
	dir := t.TempDir()
	p, err := startPeer("stand-in", nil, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if p.versions["stand-in"] != "1.2" {
		t.Errorf("versions %v", p.versions)
	}
	input := filepath.Join(dir, "input.f32")
	if err := writeFloats(input, []float32{1, -2.5}); err != nil {
		t.Fatal(err)
	}
	c := p.contender(dir, "twice", "double", exact, map[string]any{"input": input})
	if output, err := c.output(); err != nil || !slices.Equal(output, []float32{2, -5}) {
		t.Errorf("output %v, %v", output, err)
	}
	if calls, took, err := c.run(1500 * time.Millisecond); calls != 3 || took != 1500*time.Millisecond || err != nil {
		t.Errorf("%d calls in %v, %v", calls, took, err)
	}
	if err := p.forget(); err != nil {
		t.Error(err)
	}
	if _, err := p.contender(dir, "odd", "halve", exact, nil).output(); err == nil || err.Error() != "stand-in: KeyError: halve" {
		t.Errorf("error %v, want the peer's", err)
	}
	if err := p.close(); err != nil {
		t.Error(err)
	}
}

func TestPeerIsMissing(t *testing.T) {
	t.Setenv("BENCH_TEST_PEER", "missing")
	if _, err := startPeer("torch", nil, os.Args[0]); err == nil || !strings.Contains(err.Error(), "torch: not installed") {
		t.Errorf("error %v, want that it is not installed", err)
	}
}
