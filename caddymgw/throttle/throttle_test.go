package throttle

import (
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// desk is where passwords are tried.
type desk struct {
	*Throttle
	mu sync.Mutex
	at time.Time
}

func newDesk() *desk {
	d := &desk{at: time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)}
	d.Throttle = New(func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.at
	})
	return d
}

func (d *desk) pass(t time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(t)
}

// try makes an attempt, if it may be made, and returns the wait.
func (d *desk) try(user string, from netip.Addr, o Outcome) time.Duration {
	wait, done := d.Begin(user, from)
	done(o)
	return wait
}

// guess tries wrong passwords for a while, as soon as it may, and returns how
// many were compared.
func (d *desk) guess(user func(i int) string, from netip.Addr, for_ time.Duration) (n int) {
	for passed := time.Duration(0); passed < for_; {
		if wait := d.try(user(n), from, Wrong); wait > 0 {
			wait = min(wait, 7*time.Second) // it may be less meanwhile
			d.pass(wait)
			passed += wait
			continue
		}
		n++
	}
	return n
}

func always(user string) func(int) string { return func(int) string { return user } }

func many(i int) string { return "user-" + strconv.Itoa(i) }

// network returns a client in one of many networks.
func network(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(1 + i>>16), byte(i >> 8), byte(i), 7})
}

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("198.51.100.1")
)

const second = time.Second

func TestThrottle(t *testing.T) {
	t.Parallel()
	type step struct {
		user string // default: alice
		from netip.Addr
		o    Outcome
		n    int           // times
		wait time.Duration // of the last
		pass time.Duration // before
	}
	day := 24 * time.Hour
	botnet := func(n int) (steps []step) {
		for i := range n {
			steps = append(steps, step{from: network(i), n: 1})
		}
		return steps
	}
	spray := func(n int, wait time.Duration) (steps []step) {
		for i := range n {
			steps = append(steps, step{user: many(i), from: here, n: 1})
		}
		steps[n-1].wait = wait
		return steps
	}
	then := func(steps []step, more ...step) []step { return append(steps, more...) }
	for name, steps := range map[string][]step{
		"five failures are free":      {{from: here, n: 5}},
		"not six":                     {{from: here, n: 6, wait: second}},
		"asking does not prolong it":  {{from: here, n: 60, wait: second}, {from: here, pass: second, n: 1}},
		"one moment too soon":         {{from: here, n: 5}, {from: here, pass: second - 1, n: 1, wait: 1}},
		"each wait is twice the last": {{from: here, n: 5}, {from: here, pass: second, n: 1}, {from: here, n: 1, wait: 2 * second}, {from: here, pass: 2 * second, n: 1}, {from: here, n: 1, wait: 4 * second}},
		"a right one is let in after the wait, and forgives": {
			{from: here, n: 5},
			{from: here, pass: second, o: Right, n: 1},
			{from: here, n: 6, wait: second},
		},
		"not during the wait": {{from: here, n: 5}, {from: here, o: Right, n: 1, wait: second}},
		"right ones cost nothing": {
			{from: here, o: Right, n: 1000}, {from: here, n: 5},
		},
		"a second right one within a minute does not forgive": {
			{from: here, n: 4},
			{from: here, o: Right, n: 1},
			{from: here, n: 4},
			{from: here, o: Right, n: 1},
			{from: here, n: 2, wait: second},
		},
		"one after a minute does": {
			{from: here, n: 4},
			{from: here, o: Right, n: 1},
			{from: here, n: 4},
			{from: here, o: Right, n: 1, pass: time.Minute},
			{from: here, n: 5},
		},
		"one that forgave nothing is not counted": {
			{from: here, o: Right, n: 1},
			{from: here, n: 4},
			{from: here, o: Right, n: 1},
			{from: here, n: 5},
		},
		"what was not judged is no attempt": {
			{from: here, o: Unjudged, n: 1000},
			{from: here, n: 5},
			{from: here, n: 1, wait: second},
			{from: here, o: Unjudged, pass: second, n: 1},
			{from: here, n: 1},
			{from: here, n: 1, wait: 2 * second},
		},
		"an outcome that there is not is wrong": {{from: here, o: 99, n: 6, wait: second}},
		"one is forgotten each hour":            {{from: here, n: 5}, {from: here, pass: time.Hour, n: 1}, {from: here, n: 1, wait: second}},
		"whatever failed meanwhile":             {{from: here, n: 5}, {from: here, pass: 90 * time.Minute, n: 1}, {from: here, pass: 30 * time.Minute, n: 1}, {from: here, n: 1, wait: second}},
		"but not sooner":                        {{from: here, n: 1}, {from: here, pass: 90 * time.Minute, n: 5}, {from: here, pass: 59 * time.Minute, n: 1}, {from: here, n: 1, wait: 2 * second}},
		"all, in the end":                       {{from: here, n: 5}, {from: here, pass: 5 * time.Hour, n: 5}, {from: here, n: 1, wait: second}},
		"another user":                          {{from: here, n: 6, wait: second}, {user: "bob", from: here, n: 5}},
		"users are told apart by the byte": {
			{from: here, n: 6, wait: second},
			{user: "Alice", from: here, n: 5},
			{user: "alice ", from: here, n: 5},
			{user: "alice\x00", from: here, n: 5},
		},
		"an attacker elsewhere does not delay the owner": {
			{from: there, n: 60, wait: second},
			{from: here, n: 5},
			{from: here, pass: second, o: Right, n: 1},
			{from: there, n: 1},
		},
		"the owner's right password does not help one elsewhere": {
			{from: there, n: 5}, {from: here, o: Right, n: 1}, {from: there, n: 1, wait: second},
		},
		"thirty names in a network are free": spray(30, 0),
		"not thirty-one":                     spray(31, second),
		"a sprayer delays others there, for a minute at most": then(spray(31, second),
			step{user: "bob", from: here, o: Right, n: 1, wait: second}, step{user: "bob", from: here, pass: second, o: Right, n: 1}),
		"not those who logged in there": then([]step{{user: "bob", from: here, o: Right, n: 1}}, then(spray(31, second),
			step{user: "bob", from: here, o: Right, n: 1}, step{user: "bob", from: here, n: 5})...),
		"within a day": then([]step{{user: "bob", from: here, o: Right, n: 1}, {from: there, pass: day, n: 1}}, then(spray(31, second),
			step{user: "bob", from: here, o: Right, n: 1})...),
		"but not after a day": then([]step{{user: "bob", from: here, o: Right, n: 1}, {from: there, pass: day + 1, n: 1}}, then(spray(31, second),
			step{user: "bob", from: here, o: Right, n: 1, wait: second})...),
		"nor those who logged in elsewhere": then([]step{{user: "bob", from: there, o: Right, n: 1}}, then(spray(31, second),
			step{user: "bob", from: here, o: Right, n: 1, wait: second})...),
		"a sprayer does not delay other networks": then(spray(31, second), step{user: "bob", from: there, n: 5}),
		"a sprayer's own right password forgives nothing there": then([]step{{user: "mallory", from: here, o: Right, n: 1}}, then(spray(30, 0),
			step{user: "mallory", from: here, pass: time.Minute, o: Right, n: 10}, step{user: "eve", from: here, n: 1}, step{user: "eve", from: here, n: 1, wait: 2 * second})...),
		"one of a network is forgotten in two minutes": then(spray(30, 0), step{user: "eve", from: here, pass: 2 * time.Minute, n: 1}, step{user: "eve", from: here, n: 1, wait: second}),
		"fifty failures from everywhere are free":      then(botnet(45), step{from: here, n: 5}),
		"the fifty-first is free still":                then([]step{{from: here, n: 1}}, then(botnet(49), step{from: here, n: 1})...),
		"then each network has one":                    then(botnet(51), step{from: here, n: 2, wait: second}),
		"which may be right":                           then(botnet(51), step{from: here, o: Right, n: 1}, step{from: here, n: 5}),
		"and right after a wait":                       then(botnet(51), step{from: here, n: 1}, step{from: here, pass: second, o: Right, n: 1}, step{from: here, n: 5}),
		"those that failed before wait for each":       then([]step{{from: here, n: 3}}, then(botnet(50), step{from: here, n: 1, wait: 4 * second})...),
		"but not the owner's":                          then([]step{{from: here, o: Right, n: 1}}, then(botnet(10_000), step{from: here, n: 5}, step{from: here, o: Right, pass: second, n: 1})...),
		"a botnet has one each":                        then(botnet(10_000), then(botnet(10_000)[:50], step{from: here, o: Right, n: 1})...)[:10_000],
		"a botnet does not delay another user":         then(botnet(10_000), step{user: "bob", from: here, n: 5}),
		"it is forgotten in the end":                   then(botnet(10_000), step{from: here, pass: 55 * 10 * time.Minute, n: 5}),
		"but not too soon":                             then(botnet(10_000), step{from: here, pass: 49 * 10 * time.Minute, n: 2, wait: second}),
		"clients without address are one network":      {{n: 6, wait: second}, {from: here, n: 5}, {from: netip.MustParseAddr("::"), n: 5}, {from: netip.MustParseAddr("::1"), n: 1, wait: second}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk()
			for i, s := range steps {
				d.pass(s.pass)
				if s.user == "" {
					s.user = "alice"
				}
				for j := range s.n {
					wait := d.try(s.user, s.from, s.o)
					if j == s.n-1 {
						require.Equal(t, s.wait, wait, "step %d", i)
					} else if s.wait == 0 {
						require.Zero(t, wait, "step %d, %d", i, j)
					}
				}
			}
		})
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b string
		one  bool
	}{
		"one address":                    {"192.0.2.1", "192.0.2.1", true},
		"one /24":                        {"192.0.2.0", "192.0.2.255", true},
		"another /24":                    {"192.0.2.1", "192.0.3.1", false},
		"one written as IPv6":            {"192.0.2.1", "::ffff:192.0.2.77", true},
		"another written as IPv6":        {"192.0.2.1", "::ffff:192.0.3.1", false},
		"one /64":                        {"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true},
		"another /64":                    {"2001:db8::1", "2001:db8:0:1::1", false},
		"one, by whatever interface":     {"fe80::1%eth0", "fe80::2%eth1", true},
		"unknown":                        {"", "", true},
		"unknown and none of IPv6":       {"", "::", false},
		"unknown and the host itself":    {"", "::1", false},
		"unknown and none of IPv4":       {"", "0.0.0.0", false},
		"none of IPv4 and none of IPv6":  {"0.0.0.0", "::", false},
		"IPv4 and IPv6 of the same bits": {"32.1.13.184", "2001:db8::", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a, b netip.Addr
			if tc.a != "" {
				a = netip.MustParseAddr(tc.a)
			}
			if tc.b != "" {
				b = netip.MustParseAddr(tc.b)
			}
			n := newNamer()
			one, other := n.of("alice", networkOf(a)), n.of("alice", networkOf(b))
			require.Equal(t, tc.one, one == other)
			require.Equal(t, tc.one, one.network == other.network)
			require.Equal(t, tc.one, one.pair == other.pair)
			require.Equal(t, one.user, other.user)
		})
	}
}

func TestNamesAreSecret(t *testing.T) {
	t.Parallel()
	a, b := newNamer(), newNamer()
	require.NotEqual(t, a.of("alice", networkOf(here)), b.of("alice", networkOf(here)))
	n := a.of("alice", networkOf(here))
	require.NotEqual(t, n.pair, a.of("alice", networkOf(there)).pair)
	require.NotEqual(t, n.pair, a.of("", networkOf(here)).pair)
	require.NotEqual(t, n.user, a.of("", networkOf(here)).user)
}
