// Bench runs Pairstream and its peers side by side, on the same weights and inputs with as many threads, and prints
// tables with ratios:
//
//	.ci/bench-peers                     # installs the peers, prints the Python that has them
//	PAIRSTREAM_PYTHON=$(.ci/bench-peers) go run ./cmd/pairstream/internal/bench -run 'image/batch 16'
//
// Without PAIRSTREAM_PYTHON, or where a package is missing, it measures what is there and says what is not. Peers are
// processes that live as long as the run; they and we take turns, and the figures are medians of turns. Nobody is timed
// before all have computed the same. Read measure.go first, then the cases: products.go, encode.go, prepare.go,
// contrast.go, step.go, embed.go.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/pairstream/pairstream/model"
)

func main() {
	run := flag.String("run", "", "only cases whose table/setting matches this `regexp`")
	d := flag.Duration("time", 2*time.Second, "for each contender in a case; a call that takes longer is finished")
	file := flag.String("json", "", "also write the results to this `file`")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: what is %q?\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := bench(*run, *d, *file); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// work is where models, inputs and what peers write are kept between runs.
const work = "build/bench"

// A suite makes the trials of one table, those that match.
type suite func(s *session) (table, []trial, error)

func bench(run string, d time.Duration, file string) error {
	only, err := regexp.Compile(run)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	s, err := open(os.Getenv("PAIRSTREAM_PYTHON"))
	if err != nil {
		return err
	}
	defer s.close()
	machine := thisMachine()
	for _, p := range s.peers {
		maps.Copy(machine.Versions, p.versions)
	}
	fmt.Print(machine)
	for _, missing := range s.missing {
		fmt.Println("missing:", missing)
	}
	var tables []table
	var failed []error
	for _, suite := range []suite{products, images, texts, tokens, pictures, contrast, steps, wholeRuns} {
		t, trials, err := suite(s)
		if err != nil {
			return err
		}
		trials = slices.DeleteFunc(trials, func(c trial) bool { return !only.MatchString(t.Name + "/" + c.setting) })
		if len(trials) == 0 {
			continue
		}
		for _, c := range trials {
			fmt.Fprintf(os.Stderr, "%s/%s\n", t.Name, c.setting)
			results, err := measure(c, d)
			if err != nil {
				failed = append(failed, fmt.Errorf("%s/%w", t.Name, err))
				fmt.Fprintln(os.Stderr, "bench:", failed[len(failed)-1])
			}
			t.Results = append(t.Results, results...)
			if err := s.forget(); err != nil {
				failed = append(failed, err)
			}
		}
		t.print(os.Stdout)
		tables = append(tables, t)
	}
	if file != "" {
		b, err := json.MarshalIndent(map[string]any{"machine": machine, "missing": s.missing, "tables": tables}, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, append(b, '\n'), 0o666); err != nil {
			return err
		}
	}
	return errors.Join(failed...)
}

// A session has what the cases share.
type session struct {
	dir     string // absolute
	log     *os.File
	peers   map[string]*peer // by script
	missing []string
	clip    *model.CLIP // of model
}

// open starts the peers that python has; python may be empty.
func open(python string) (*session, error) {
	dir, err := filepath.Abs(work)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	s := &session{dir: dir, peers: map[string]*peer{}}
	if python == "" {
		s.missing = append(s.missing, "all peers: PAIRSTREAM_PYTHON names no Python (see .ci/bench-peers)")
		return s, nil
	}
	if err := unpack(dir); err != nil {
		return nil, err
	}
	if s.log, err = os.Create(filepath.Join(dir, "peers.log")); err != nil {
		return nil, err
	}
	for _, name := range []string{"ort", "torch", "python"} {
		p, err := startPeer(name, s.log, python, filepath.Join(dir, name+"_peer.py"))
		if err != nil {
			s.missing = append(s.missing, err.Error())
			continue
		}
		s.peers[name] = p
	}
	return s, nil
}

func (s *session) forget() error {
	for _, p := range s.peers {
		if err := p.forget(); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) close() {
	for _, p := range s.peers {
		p.close()
	}
	if s.log != nil {
		s.log.Close()
	}
}

// A job is what a peer does in a case.
type job struct {
	peer, name, kind string
	least            float64 // cosine, 0 where there is no output
	args             map[string]any
}

// against adds the jobs of those peers that are there.
func (s *session) against(contenders []contender, jobs ...job) []contender {
	for _, j := range jobs {
		if p := s.peers[j.peer]; p != nil {
			contenders = append(contenders, p.contender(s.dir, j.name, j.kind, j.least, j.args))
		}
	}
	return contenders
}

// ours is a contender of our own, of so many threads. f leaves what it computes in output, which may be nil.
func ours(name string, threads int, least float64, output *[]float32, f func() error) contender {
	c := contender{name: name, ours: true, least: least, run: func(d time.Duration) (int, time.Duration, error) {
		defer setThreads(threads)()
		return repeat(d, f)
	}}
	if output != nil {
		c.output = func() ([]float32, error) {
			defer setThreads(threads)()
			err := f()
			return *output, err
		}
	}
	return c
}
