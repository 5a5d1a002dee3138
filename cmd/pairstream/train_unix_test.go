//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pairstream/pairstream/model"
	"github.com/pairstream/pairstream/sources"
)

// asProgram is set where the test's binary is to run as the program.
const asProgram = "PAIRSTREAM_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if limit := os.Getenv("PAIRSTREAM_FILE_LIMIT"); limit != "" {
			var bytes uint64
			fmt.Sscan(limit, &bytes)
			signal.Ignore(syscall.SIGXFSZ)
			must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}))
		}
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// realProgram is the program in a process of its own.
func realProgram(args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	return c
}

// smallModel saves a model that takes no time to train.
func smallModel(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	clip := model.New(model.Config{
		Embed:      16,
		Image:      model.ImageConfig{Size: 32, Patch: 8, Width: 32, Layers: 2, Heads: 2},
		Text:       model.TextConfig{Context: 77, Vocab: 49408, Width: 8, Layers: 1, Heads: 1},
		Activation: model.QuickGELU,
	}, 1)
	if err := clip.Save(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTrain(t *testing.T) {
	t.Chdir(t.TempDir())
	out := filepath.Join(t.TempDir(), "out")
	args := []string{"train", "--source", "scenes:90?size=32", "--from", smallModel(t), "--out", out, "--epochs", "3", "--batch", "16",
		"--eval", "0.2", "--augment", "--lr", "0.005", "--warmup", "3"}
	status, stdout, stderr := program(t, "", args...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	for _, want := range []string{"epoch    loss  accuracy", "\n    3  ", "caption to image", "recall@10"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	if strings.Count(stderr, `"message":"epoch"`) != 3 || !strings.Contains(stderr, `"observation":"`) {
		t.Errorf("no JSON of three epochs in %s", stderr)
	}
	for _, name := range []string{lossPicture, accuracyPicture} {
		file, err := os.Open(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if picture, err := png.Decode(file); err != nil || picture.Bounds().Dx() < 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	trained, err := model.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer trained.Close()

	// The figures are the same in both forms.
	lines, err := os.ReadFile(filepath.Join(out, "steps.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	steps := strings.Count(string(lines), "\n")
	var last stepRecord
	all := strings.Split(strings.TrimSpace(string(lines)), "\n")
	if err := json.Unmarshal([]byte(all[len(all)-1]), &last); err != nil || last.Step != steps || last.Epoch != 3 || last.Loss <= 0 {
		t.Errorf("%v, the last of %d lines is %+v", err, steps, last)
	}
	rows := parquetRows(t, filepath.Join(out, "steps.parquet"))
	if rows != int64(steps) || parquetRows(t, filepath.Join(out, "epochs.parquet")) != 3 {
		t.Errorf("%d rows of %d steps in Parquet", rows, steps)
	}

	status, _, stderr = program(t, "", args...)
	if status != exitUsage || !strings.Contains(stderr, "--resume goes on with it") {
		t.Errorf("again: status %d: %s", status, stderr)
	}
	status, _, stderr = program(t, "", "train", "--out", out, "--resume", "--lr", "0.1")
	if status != exitUsage || !strings.Contains(stderr, `--lr is "0.1", but training began with "0.005"`) {
		t.Errorf("another rate: status %d: %s", status, stderr)
	}
	status, stdout, stderr = program(t, "", "train", "--out", out, "--resume")
	if status != 0 || strings.Count(stdout, " done  ") != 3 {
		t.Errorf("after the end: status %d: %s\n%s", status, stderr, stdout)
	}
	again, err := model.Open(out)
	if err != nil || again.Fingerprint() != trained.Fingerprint() {
		t.Errorf("%v, or training went on after its end", err)
	}
	must(again.Close())
}

// TestTrainRejects trains on a folder with a picture that is none, which is told of once.
func TestTrainRejects(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := drawn(t, 20)
	must(os.WriteFile(filepath.Join(dir, "scene-000003.png"), []byte("no picture"), 0o644))
	status, stdout, stderr := program(t, "", "train", "--source", dir, "--from", smallModel(t), "--out", "out", "--epochs", "3", "--batch", "4", "--eval", "scenes:20?size=32&seed=3")
	if status != exitRejects || !strings.Contains(stdout, "of 20 held-out pairs") {
		t.Errorf("status %d: %s\n%s", status, stderr, stdout)
	}
	if lines := readFile(t, "rejects.jsonl"); bytes.Count(lines, []byte("\n")) != 1 || !bytes.Contains(lines, []byte("scene-000003.png")) {
		t.Errorf("rejects %s", lines)
	}
	if _, err := os.Stat("out/model.safetensors"); err != nil {
		t.Error(err)
	}
}

// parquetRows counts the rows of a file.
func parquetRows(t *testing.T, path string) int64 {
	t.Helper()
	shards, err := (&sources.Parquet{Path: path}).Shards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for _, s := range shards {
		n += s.Rows
	}
	return n
}

// TestTrainKilled kills the program at random, goes on, and kills again; the weights and figures in the end are those of
// a run that was left alone.
func TestTrainKilled(t *testing.T) {
	t.Chdir(t.TempDir())
	begin := []string{"train", "--source", "scenes:60?size=32", "--from", smallModel(t), "--epochs", "8", "--batch", "8",
		"--save", "3", "--augment", "--warmup", "3", "--clip", "0.5", "--out"}
	whole := filepath.Join(t.TempDir(), "whole")
	began := time.Now()
	if out, err := realProgram(append(begin, whole)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	took := time.Since(began)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	killed := 0
	cut := filepath.Join(t.TempDir(), "cut")
	must(os.Mkdir(cut, 0o755)) // as if killed while a state was written
	must(os.WriteFile(filepath.Join(cut, "."+stateFile+".123"), []byte("half"), 0o644))
	for try := 0; ; try++ {
		args := append(begin, cut)
		if _, err := os.Stat(filepath.Join(cut, stateFile)); err == nil {
			args = []string{"train", "--out", cut, "--resume"}
		}
		c := realProgram(args...)
		var said bytes.Buffer
		c.Stdout, c.Stderr = &said, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		var kill <-chan time.Time
		if try < 8 {
			kill = time.After(time.Duration(random.Int64N(int64(took) / 2)))
		}
		select {
		case <-kill:
			must(c.Process.Kill())
			killed++
			<-ended
			continue
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
		}
		break
	}
	for _, name := range []string{"open_clip_model.safetensors", "model.safetensors", stateFile} {
		if a, b := readFile(t, filepath.Join(whole, name)), readFile(t, filepath.Join(cut, name)); !bytes.Equal(a, b) {
			t.Errorf("killed %d times: %s differs", killed, name)
		}
	}
	if a, b := readFile(t, filepath.Join(whole, "steps.jsonl")), readFile(t, filepath.Join(cut, "steps.jsonl")); bytes.Count(a, []byte("\n")) != bytes.Count(b, []byte("\n")) {
		t.Errorf("killed %d times: %d steps told of, want %d", killed, bytes.Count(b, []byte("\n")), bytes.Count(a, []byte("\n")))
	}
	left, err := filepath.Glob(filepath.Join(cut, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, left over: %v", err, left)
	}
	if killed == 0 {
		t.Error("never killed")
	}
	t.Logf("killed %d times within %v", killed, took)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestTrainFaults goes on from states that are none, and trains on what cannot be trained on.
func TestTrainFaults(t *testing.T) {
	t.Chdir(t.TempDir())
	small := smallModel(t)
	common := []string{"train", "--from", small, "--epochs", "1"}
	for name, test := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"no source":      {[]string{"--out", "a"}, exitUsage, "--source: nothing to learn from"},
		"a topic":        {[]string{"--out", "a", "--source", "kafka://localhost/a"}, exitUsage, "a topic cannot be gone through again"},
		"a pipe":         {[]string{"--out", "a", "--source", "-"}, exitUsage, "standard input cannot be gone through again"},
		"no state":       {[]string{"--out", "a", "--resume"}, exitUsage, "no state to go on from"},
		"too few pairs":  {[]string{"--out", "a", "--source", "scenes:20"}, exitFailed, "to learn from: fewer than a batch of 128"},
		"another tower":  {[]string{"--out", "a", "--source", "scenes:20", "--batch", "4", "--freeze", "head"}, exitUsage, "--freeze head: image or text"},
		"many layers":    {[]string{"--out", "a", "--source", "scenes:20", "--batch", "4", "--layers", "9"}, exitUsage, "last 9 layers"},
		"no share":       {[]string{"--out", "a", "--source", "scenes:20", "--eval", "1"}, exitUsage, "--eval 1: want"},
		"a batch of one": {[]string{"--out", "a", "--source", "scenes:20", "--batch", "1"}, exitUsage, "--batch 1"},
		"too fast":       {[]string{"--out", "fast", "--source", "scenes:64?size=32", "--batch", "4", "--lr", "1e30", "--clip", "0", "--save", "1"}, exitFailed, "training diverged: the learning rate is too high"},
	} {
		status, _, stderr := program(t, "", append(common, test.args...)...)
		if status != test.status || !strings.Contains(stderr, test.want) {
			t.Errorf("%s: status %d, %s; want %d, %s", name, status, stderr, test.status, test.want)
		}
	}

	train := append(common, "--source", "scenes:30?size=32", "--eval", "0.3", "--batch", "4", "--out", "b")
	if status, _, stderr := program(t, "", train...); status != 0 {
		t.Fatal(stderr)
	}
	state := filepath.Join("b", stateFile)
	whole := readFile(t, state)
	for name, bytes := range map[string][]byte{
		"cut off": whole[:len(whole)/2], "empty": nil, "no safetensors": []byte("hello, this is not a checkpoint"),
		"a model": readFile(t, filepath.Join("b", "model.safetensors")),
	} {
		must(os.WriteFile(state, bytes, 0o644))
		status, _, stderr := program(t, "", "train", "--out", "b", "--resume")
		if status != exitFailed || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, stateFile) {
			t.Errorf("a state that is %s: status %d, %s", name, status, stderr)
		}
	}
}

// TestTrainFullDisk lets no file grow beyond what a state takes, when there has been one.
func TestTrainFullDisk(t *testing.T) {
	t.Chdir(t.TempDir())
	out := "out"
	args := []string{"train", "--source", "scenes:40?size=32", "--from", smallModel(t), "--epochs", "2", "--batch", "8", "--save", "2", "--out", out}
	c := realProgram(args...)
	c.Env = append(c.Env, "PAIRSTREAM_FILE_LIMIT=100000")
	said, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "file too large") {
		t.Errorf("%v: %s", err, said)
	}
	if left, err := filepath.Glob(filepath.Join(out, ".*")); err != nil || len(left) > 0 {
		t.Errorf("%v, left over: %v", err, left)
	}
	if status, _, stderr := program(t, "", args...); status != 0 {
		t.Errorf("with room again: %s", stderr)
	}
}

// TestTrainStopsOnSignal stops as other commands do: what has been read is finished, and --resume goes on.
func TestTrainStopsOnSignal(t *testing.T) {
	t.Chdir(t.TempDir())
	c := realProgram("train", "--source", "scenes:5000?size=32", "--from", smallModel(t), "--epochs", "50", "--batch", "8", "--eval", "0", "--out", "out")
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 1)
	if _, err := stdout.Read(buffer); err != nil { // it has begun
		t.Fatal(err)
	}
	for range 200 {
		if lines, _ := os.ReadFile("out/steps.jsonl"); bytes.Count(lines, []byte("\n")) > 5 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	must(c.Process.Signal(os.Interrupt))
	if err := c.Wait(); err != nil || !strings.Contains(stderr.String(), "--resume goes on") {
		t.Errorf("%v: %s", err, stderr.String())
	}
	if _, err := os.Stat(filepath.Join("out", stateFile)); err != nil {
		t.Error(err)
	}
}
