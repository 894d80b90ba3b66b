package bearer

import (
	"net/netip"
	"sync"
)

const (
	// maxFlights is how many questions are asked at once.
	maxFlights = 128
	// maxOfNetwork is how many of them come from one network of clients: who
	// sends garbage must not keep the tokens of others from being asked for.
	maxOfNetwork = 16
)

// slots are the places for questions that are being asked.
type slots struct {
	mu    sync.Mutex
	taken int
	of    map[netip.Prefix]int
}

// take reports whether there is a place for a client. Where the address is not
// known, only their number counts.
func (s *slots) take(client netip.Addr) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	network := networkOf(client)
	if s.taken >= maxFlights || network.IsValid() && s.of[network] >= maxOfNetwork {
		return false
	}
	s.taken++
	if network.IsValid() {
		if s.of == nil {
			s.of = map[netip.Prefix]int{}
		}
		s.of[network]++
	}
	return true
}

// free gives a place back.
func (s *slots) free(client netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if network := networkOf(client); network.IsValid() {
		if s.of[network]--; s.of[network] == 0 {
			delete(s.of, network)
		}
	}
}

// networkOf is what one client has at hand: a /24, or a /64 of IPv6.
func networkOf(client netip.Addr) netip.Prefix {
	client = client.Unmap().WithZone("")
	bits := 64
	if client.Is4() {
		bits = 24
	}
	network, _ := client.Prefix(bits)
	return network
}
