package kafkatest

import (
	"encoding/binary"
	"hash/crc32"
	"net"
	"slices"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Tamper lets a function change what the brokers send, before it goes over the wire. It is called with one response at a
// time, by several goroutines, and returns what to send; nil closes the connection.
func Tamper(response func([]byte) []byte) kfake.Opt {
	return kfake.ListenFn(func(network, address string) (net.Listener, error) {
		l, err := net.Listen(network, address)
		return tamperedListener{l, response}, err
	})
}

type tamperedListener struct {
	net.Listener
	response func([]byte) []byte
}

func (l tamperedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return tamperedConn{conn, l.response}, err
}

type tamperedConn struct {
	net.Conn
	response func([]byte) []byte
}

func (c tamperedConn) Write(b []byte) (int, error) {
	changed := c.response(slices.Clone(b))
	if changed == nil {
		c.Conn.Close()
		return len(b), nil
	}
	if _, err := c.Conn.Write(changed); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Batches returns where in a response record batches begin and end: those whose checksum is right.
func Batches(response []byte) [][2]int {
	const head = 61
	var found [][2]int
	for i := 0; i+head <= len(response); {
		b := response[i:]
		end := 12 + int(binary.BigEndian.Uint32(b[8:]))
		if b[16] == 2 && end >= head && end <= len(b) &&
			crc32.Checksum(b[21:end], crc32.MakeTable(crc32.Castagnoli)) == binary.BigEndian.Uint32(b[17:]) {
			found = append(found, [2]int{i, i + end})
			i += end
			continue
		}
		i++
	}
	return found
}
