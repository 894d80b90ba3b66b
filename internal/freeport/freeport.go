package freeport

import (
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
)

// The ports lie below those that systems give to clients: one of these may be a
// client's again before the server that it was found for listens.
const (
	first = 10240
	last  = 32000
)

var taken sync.Map // each port is given once

// Take returns a port of the loopback interface at which nobody listens.
func Take(t testing.TB) string {
	t.Helper()
	for range 1000 {
		port := strconv.Itoa(first + rand.IntN(last-first))
		if _, twice := taken.LoadOrStore(port, true); twice {
			continue
		}
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return ""
}
