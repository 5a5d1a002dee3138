package main

import (
	"embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed peers/*.py
var scripts embed.FS

// A peer is a process that stays alive and does a case's work when it is told to, one line of JSON each way.
type peer struct {
	name     string
	cmd      *exec.Cmd
	stdin    io.Closer
	requests *json.Encoder
	replies  *json.Decoder
	versions map[string]string
}

// request is what a peer is told: to prepare a job, to run it for some seconds, or to forget all jobs.
type request struct {
	Op      string         `json:"op"`
	Job     string         `json:"job,omitempty"`
	Case    string         `json:"case,omitempty"`
	Args    map[string]any `json:"args,omitempty"`
	Seconds float64        `json:"seconds,omitempty"`
}

type reply struct {
	Versions map[string]string `json:"versions"`
	Calls    int               `json:"calls"`
	Seconds  float64           `json:"seconds"`
	Error    string            `json:"error"`
}

// unpack writes the peers' scripts to a directory.
func unpack(dir string) error {
	entries, err := scripts.ReadDir("peers")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := scripts.ReadFile("peers/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// startPeer starts a process and waits until it has told its versions. What it writes to standard error goes to log.
func startPeer(name string, log *os.File, command string, args ...string) (*peer, error) {
	cmd := exec.Command(command, args...)
	cmd.Stderr = log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &peer{name: name, cmd: cmd, stdin: stdin, requests: json.NewEncoder(stdin), replies: json.NewDecoder(stdout)}
	hello, err := p.read()
	if err != nil {
		p.close() // again, where it was lost
		return nil, err
	}
	p.versions = hello.Versions
	return p, nil
}

func (p *peer) call(r request) (reply, error) {
	if err := p.requests.Encode(r); err != nil {
		return reply{}, p.lost(err)
	}
	return p.read()
}

func (p *peer) read() (reply, error) {
	var r reply
	if err := p.replies.Decode(&r); err != nil {
		return r, p.lost(err)
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s", p.name, r.Error)
	}
	return r, nil
}

// lost is the error of a process that no longer talks, with how it ended.
func (p *peer) lost(err error) error {
	if ended := p.close(); ended != nil {
		err = fmt.Errorf("%w (%v)", err, ended)
	}
	return fmt.Errorf("%s: %w", p.name, err)
}

// forget makes the peer drop its jobs and the models behind them.
func (p *peer) forget() error {
	_, err := p.call(request{Op: "forget"})
	return err
}

// close ends the process, which ends when its input does.
func (p *peer) close() error {
	p.stdin.Close()
	return p.cmd.Wait()
}

// contender is the peer's way of doing a case. Its output goes through a file in dir; least is 0 where it has none.
func (p *peer) contender(dir, name, kind string, least float64, args map[string]any) contender {
	file := filepath.Join(dir, "output.f32")
	args = with(args, map[string]any{"output": file})
	prepared := false
	prepare := func() error {
		_, err := p.call(request{Op: "prepare", Job: name, Case: kind, Args: args})
		prepared = err == nil
		return err
	}
	c := contender{name: name, least: least, run: func(d time.Duration) (int, time.Duration, error) {
		if !prepared {
			if err := prepare(); err != nil {
				return 0, 0, err
			}
		}
		r, err := p.call(request{Op: "run", Job: name, Seconds: d.Seconds()})
		return r.Calls, time.Duration(r.Seconds * float64(time.Second)), err
	}}
	if least > 0 {
		c.output = func() ([]float32, error) {
			if err := prepare(); err != nil {
				return nil, err
			}
			return readFloats(file)
		}
	}
	return c
}

func writeFloats(path string, values []float32) error {
	return os.WriteFile(path, floatBytes(values), 0o666)
}

func floatBytes(values []float32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func readFloats(path string) ([]float32, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values, nil
}
