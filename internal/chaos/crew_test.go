package chaos

import (
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A process is this test's binary in another role.
type process struct {
	*exec.Cmd
	log   string
	began time.Time
	ended chan struct{} // closed when it has
	err   error         // then
}

// start starts a process, which ends when this one does. What it says goes to a file.
func start(t *testing.T, role, log string, environment ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0]), log: log, began: time.Now(), ended: make(chan struct{})}
	p.Env = append(append(os.Environ(), roleVariable+"="+role), environment...)
	out, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.Stdout, p.Stderr = out, out
	if _, err := p.StdinPipe(); err != nil { // which is closed with this process
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.Wait()
	}()
	return p
}

// endWithParent ends this process when the one that started it is gone.
func endWithParent() {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}

// kill ends a process without its knowledge.
func (p *process) kill() {
	p.Process.Kill()
	<-p.ended
}

func (p *process) signal(s os.Signal) { p.Process.Signal(s) }

// said returns what a process has said.
func (p *process) said() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// A crew is the workers that are alive.
type crew struct {
	t           *testing.T
	environment []string
	alive       []*process
	hired       int
	killed      int
	fell, rose  time.Time // when the broker did
}

// hire starts a worker.
func (c *crew) hire() {
	c.hired++
	log := filepath.Join(c.t.TempDir(), "worker.log")
	c.alive = append(c.alive, start(c.t, "worker", log, c.environment...))
}

// any returns one of the workers but one.
func (c *crew) any(random *rand.Rand, but *process) *process {
	for {
		if p := c.alive[random.IntN(len(c.alive))]; p != but {
			return p
		}
	}
}

// kill kills one of the workers but one.
func (c *crew) kill(random *rand.Rand, but *process) {
	p := c.any(random, but)
	p.kill()
	c.alive = slices.DeleteFunc(c.alive, func(q *process) bool { return q == p })
	c.killed++
}

func (c *crew) killAll() {
	for _, p := range c.alive {
		p.kill()
	}
}

// check fails where a worker has ended by itself. One that found no broker when it started may, and is replaced.
func (c *crew) check() {
	c.t.Helper()
	for _, p := range slices.Clone(c.alive) {
		select {
		case <-p.ended:
		default:
			continue
		}
		late := !c.rose.IsZero() && p.began.After(c.rose)
		if c.fell.IsZero() || p.began.Add(openTime).Before(c.fell) || late {
			c.t.Fatalf("a worker ended: %v: %s", p.err, p.said())
		}
		c.alive = slices.DeleteFunc(c.alive, func(q *process) bool { return q == p })
		c.hire()
	}
}

// openTime is how long a worker may take to open its source.
const openTime = 3 * time.Second

// dismiss tells all workers to finish, which they can. One that has only just started does not hear it, and dies.
func (c *crew) dismiss() {
	c.t.Helper()
	for _, p := range c.alive {
		p.signal(syscall.SIGTERM)
	}
	for _, p := range c.alive {
		select {
		case <-p.ended:
			if p.err != nil && p.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
				c.t.Errorf("a worker that was told to finish: %v: %s", p.err, p.said())
			}
		case <-time.After(30 * time.Second):
			c.t.Errorf("a worker that was told to finish is still there: %s", p.said())
		}
	}
}
