package throttle

import (
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
)

// networkOf returns the first address of the network of a client; the zero Addr
// for the network of those without.
func networkOf(client netip.Addr) netip.Addr {
	client = client.Unmap()
	bits := 64
	if client.Is4() {
		bits = 24
	}
	p, _ := client.Prefix(bits) // without zone; the zero Addr has the zero Prefix
	return p.Addr()
}

// key stands for a user, a network or a pair of them, however long its name is.
type key [16]byte

// names are the keys of what an attempt is counted for.
type names struct{ user, network, pair key }

// namer makes keys with a secret of the process, so that nobody can look for
// names that meet.
type namer struct{ secret [sha256.Size]byte }

func newNamer() (n namer) {
	_, _ = rand.Read(n.secret[:]) // never fails
	return n
}

func (n *namer) of(user string, network netip.Addr) names {
	place := key(network.As16())
	if !network.IsValid() {
		place[15] = 1 // others end in a zero
	}
	return names{user: n.key(nil, user), network: place, pair: n.key(place[:], user)}
}

// key takes places of one length in each table. That it begins with the secret is
// enough of a MAC where half of the sum is kept, and none of it is shown.
func (n *namer) key(place []byte, user string) key {
	text := append(append(n.secret[:len(n.secret):len(n.secret)], place...), user...)
	sum := sha256.Sum256(text)
	return key(sum[:])
}
