package chaos

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	portsVariable = "PAIRSTREAM_CHAOS_PORTS"
	dataVariable  = "PAIRSTREAM_CHAOS_DATA"
)

// A broker can be killed, and goes on with what it stored when it is started again.
type broker interface {
	addresses() []string
	start(t *testing.T)
	kill(t *testing.T)
}

// A fake is a cluster of franz-go's in a process of its own.
type fake struct {
	ports []int
	data  string
	*process
}

func newFake(t *testing.T) *fake {
	f := &fake{ports: freePorts(3), data: t.TempDir()}
	t.Cleanup(func() { f.process.kill() })
	return f
}

func (f *fake) addresses() []string {
	var addresses []string
	for _, port := range f.ports {
		addresses = append(addresses, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return addresses
}

func (f *fake) start(t *testing.T) {
	ports := strings.Trim(fmt.Sprint(f.ports), "[]")
	f.process = start(t, "broker", filepath.Join(t.TempDir(), "broker.log"), portsVariable+"="+ports, dataVariable+"="+f.data)
	for !answers(f.addresses()[len(f.ports)-1]) {
		select {
		case <-f.ended:
			t.Fatalf("the broker ended: %v: %s", f.err, f.said())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (f *fake) kill(*testing.T) { f.process.kill() }

// serve is the process of a fake.
func serve() {
	var ports []int
	for text := range strings.FieldsSeq(os.Getenv(portsVariable)) {
		port, err := strconv.Atoi(text)
		if err != nil {
			fail(err)
		}
		ports = append(ports, port)
	}
	_, err := kfake.NewCluster(kfake.Ports(ports...), kfake.DataDir(os.Getenv(dataVariable)), kfake.SyncWrites(),
		kfake.GroupMinSessionTimeout(100*time.Millisecond))
	if err != nil {
		fail(err)
	}
	select {} // until it is killed
}

// An apache is Apache Kafka, started by .ci/kafka beside the one that other tests have.
type apache struct {
	port int
	home string
}

func newApache(t *testing.T) *apache {
	a := &apache{port: freePorts(2)[0], home: t.TempDir()} // the next is the controller's
	t.Cleanup(func() { a.script(t, "stop") })
	return a
}

func (a *apache) addresses() []string { return []string{fmt.Sprintf("127.0.0.1:%d", a.port)} }

func (a *apache) start(t *testing.T) { a.script(t, "start") }

func (a *apache) script(t *testing.T, command string) {
	t.Helper()
	script := exec.Command("../../.ci/kafka", command)
	script.Env = append(os.Environ(), "KAFKA_HOME="+a.home, fmt.Sprintf("KAFKA_PORT=%d", a.port))
	if out, err := script.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(a.home, "log"))
		t.Fatalf("%s: %v: %s%s", script, err, out, log[max(0, len(log)-2000):])
	}
}

func (a *apache) kill(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(a.home, "pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for syscall.Kill(pid, 0) == nil {
		time.Sleep(10 * time.Millisecond)
	}
}

func answers(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// freePorts returns ports that follow each other and that nobody listens on. They are none that the system gives to
// connections: one of those could be taken while the broker is dead, even by who tries to reach it.
func freePorts(n int) []int {
	for {
		ports := []int{20_000 + rand.IntN(10_000)}
		for len(ports) < n {
			ports = append(ports, ports[len(ports)-1]+1)
		}
		if !slices.ContainsFunc(ports, func(port int) bool { return answers(fmt.Sprintf("127.0.0.1:%d", port)) }) {
			return ports
		}
	}
}
