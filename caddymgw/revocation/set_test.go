package revocation

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/ledger"
)

const (
	issuer = "https://gw.test"
	leeway = 5 * time.Second
)

var start = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// clock is one that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

// synced returns a set that has contact.
func synced() (*Set, *clock) {
	c := &clock{at: start}
	s := New(c.now, leeway)
	s.touch()
	return s, c
}

// id returns one as the gateway makes them.
func id(n int) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(n)*0x9e3779b97f4a7c15) // spread
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(b, uint64(n)))
}

func ask(s *Set, id, subject string, issuedAt, now time.Time) caddymgw.Standing {
	return s.View(issuer, 0).Standing(issuer, id, subject, issuedAt, now)
}

func atOnce(id string) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start, Expires: start.Add(24 * time.Hour)}
}

func replaced(id string, overlap time.Duration) ledger.Revocation {
	return ledger.Revocation{ID: id, Made: start, Effective: start.Add(overlap), ReplacedBy: "successor", Expires: start.Add(24 * time.Hour)}
}

func before(subject string, t time.Time) ledger.Revocation {
	return ledger.Revocation{Subject: subject, IssuedBefore: t, Made: start, Effective: start}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	var (
		good     = caddymgw.Standing{}
		revoked  = caddymgw.Standing{Revoked: true}
		retiring = func(until time.Duration) caddymgw.Standing {
			return caddymgw.Standing{Retirement: caddymgw.Retirement{Since: start, Until: start.Add(until)}}
		}
		hour  = time.Hour
		dated = replaced("k", hour)
	)
	dated.ReplacedBy = ""
	for name, tc := range map[string]struct {
		told     []ledger.Revocation
		subject  string
		issuedAt time.Duration
		at       time.Duration
		want     caddymgw.Standing
	}{
		"nothing is revoked":                      {nil, "alice", 0, 0, good},
		"another id":                              {[]ledger.Revocation{atOnce("other")}, "alice", 0, 0, good},
		"its id":                                  {[]ledger.Revocation{atOnce("k")}, "alice", 0, 0, revoked},
		"its id, twice":                           {[]ledger.Revocation{atOnce("k"), atOnce("k")}, "alice", 0, 0, revoked},
		"its id, whenever it was issued":          {[]ledger.Revocation{atOnce("k")}, "alice", 99 * hour, 0, revoked},
		"replaced":                                {[]ledger.Revocation{replaced("k", hour)}, "alice", 0, 0, retiring(hour)},
		"the last moment of an overlap":           {[]ledger.Revocation{replaced("k", hour)}, "alice", 0, hour - 1, retiring(hour)},
		"an overlap that is over":                 {[]ledger.Revocation{replaced("k", hour)}, "alice", 0, hour, revoked},
		"replaced without overlap":                {[]ledger.Revocation{replaced("k", 0)}, "alice", 0, 0, revoked},
		"revoked for later":                       {[]ledger.Revocation{dated}, "alice", 0, hour - 1, good},
		"revoked for later, which is now":         {[]ledger.Revocation{dated}, "alice", 0, hour, revoked},
		"replaced, then revoked":                  {[]ledger.Revocation{replaced("k", hour), atOnce("k")}, "alice", 0, 0, revoked},
		"replaced, and told of later":             {[]ledger.Revocation{atOnce("k"), replaced("k", hour)}, "alice", 0, 0, revoked},
		"replaced, and the overlap cut":           {[]ledger.Revocation{replaced("k", 2*hour), dated}, "alice", 0, 0, retiring(hour)},
		"an overlap is not made longer":           {[]ledger.Revocation{replaced("k", hour), replaced("k", 2*hour)}, "alice", 0, hour, revoked},
		"all of its subject":                      {[]ledger.Revocation{before("alice", start)}, "alice", -1, 0, revoked},
		"issued at that moment":                   {[]ledger.Revocation{before("alice", start)}, "alice", 0, 0, good},
		"all of another subject":                  {[]ledger.Revocation{before("bob", start)}, "alice", -1, 0, good},
		"all of its subject in other case":        {[]ledger.Revocation{before("Alice", start)}, "alice", -1, 0, good},
		"all of everyone":                         {[]ledger.Revocation{before("", start)}, "alice", -1, 0, revoked},
		"all of everyone, and it is nobody's":     {[]ledger.Revocation{before("", start)}, "", -1, 0, revoked},
		"all of a subject, and it is nobody's":    {[]ledger.Revocation{before("alice", start)}, "", -1, 0, good},
		"issued after all of everyone":            {[]ledger.Revocation{before("", start)}, "alice", 0, 0, good},
		"a subject, then everyone before":         {[]ledger.Revocation{before("alice", start), before("", start.Add(-hour))}, "alice", -1, 0, revoked},
		"everyone, then a subject before":         {[]ledger.Revocation{before("", start), before("alice", start.Add(-hour))}, "alice", -1, 0, revoked},
		"twice, the later moment first":           {[]ledger.Revocation{before("alice", start), before("alice", start.Add(-hour))}, "alice", -1, 0, revoked},
		"twice, the later moment last":            {[]ledger.Revocation{before("alice", start.Add(-hour)), before("alice", start)}, "alice", -1, 0, revoked},
		"everyone twice, the later moment first":  {[]ledger.Revocation{before("", start), before("", start.Add(-hour))}, "alice", -1, 0, revoked},
		"what says neither":                       {[]ledger.Revocation{{Subject: "alice", Effective: start}}, "alice", -1, 0, good},
		"an id without a moment holds at once":    {[]ledger.Revocation{{ID: "k"}}, "alice", 0, 0, revoked},
		"by a clock ahead of ours, at once":       {[]ledger.Revocation{{ID: "k", Made: start.Add(hour), Effective: start.Add(hour)}}, "alice", 0, 0, revoked},
		"the retirement of a key of a bad one":    {[]ledger.Revocation{replaced("k", hour), before("alice", start)}, "alice", -1, 0, revoked},
		"retiring, and issued after a revocation": {[]ledger.Revocation{replaced("k", hour), before("alice", start)}, "alice", 0, 0, retiring(hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := synced()
			for _, r := range tc.told {
				s.Apply(r)
			}
			require.Equal(t, tc.want, ask(s, "k", tc.subject, start.Add(tc.issuedAt), start.Add(tc.at)))
		})
	}
}

func TestTheOrderOfTellingDoesNotMatter(t *testing.T) {
	t.Parallel()
	dated := replaced("k", time.Hour)
	dated.ReplacedBy = ""
	told := []ledger.Revocation{replaced("k", 3*time.Hour), dated, replaced("k", 2*time.Hour), before("bob", start), before("bob", start.Add(time.Hour))}
	for range 2 * len(told) {
		s, _ := synced()
		for _, r := range told {
			s.Apply(r)
		}
		require.Equal(t, start.Add(time.Hour), ask(s, "k", "", start, start).Retirement.Until)
		require.Equal(t, start, ask(s, "k", "", start, start).Retirement.Since)
		require.True(t, ask(s, "x", "bob", start, start).Revoked)
		require.Equal(t, 2, s.Len())
		told = append(told[1:], told[0])
		slices.Reverse(told[:3])
	}
}

// THREATS C3, L3: it is the id that is revoked, and there is no other spelling.
func TestIDsAreTakenByTheByte(t *testing.T) {
	t.Parallel()
	own := id(1)
	for name, revoked := range map[string]string{
		"as the gateway makes them": own,
		"a word":                    "k",
		"empty bytes":               strings.Repeat("A", 22),
		"padded":                    own[:21] + "=",
		"unused bits":               own[:21] + "B",
		"with a line feed":          own[:11] + "\n" + own[12:],
		"of another alphabet":       strings.Repeat("+/", 11),
		"long":                      strings.Repeat("x", 8<<10),
		"a UUID":                    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := synced()
			s.Apply(atOnce(revoked))
			require.True(t, ask(s, revoked, "", start, start).Revoked)
			for _, other := range []string{id(2), own, "", "K", revoked + "=", revoked + "\n", revoked[1:], revoked[:len(revoked)-1], strings.ToUpper(revoked)} {
				if other != revoked {
					require.Equal(t, caddymgw.Standing{}, ask(s, other, "", start, start), "%.30q", other)
				}
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	minute := time.Minute
	s, c := synced()
	s.Apply(atOnce("revoked"))
	never := New(c.now, leeway)
	never.Apply(atOnce("revoked"))
	for name, tc := range map[string]struct {
		set          *Set
		maxStaleness time.Duration
		at           time.Duration
		unknown      bool
	}{
		"never in contact":             {never, 0, 0, true},
		"never in contact, with bound": {never, minute, 0, true},
		"in contact":                   {s, minute, 0, false},
		"lost for as long as may be":   {s, minute, minute, false},
		"lost for longer":              {s, minute, minute + 1, true},
		"lost for long, without bound": {s, 0, 1000 * time.Hour, false},
		"a clock that was set back":    {s, minute, -time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, now := tc.set.View(issuer, tc.maxStaleness), start.Add(tc.at)
			require.Equal(t, caddymgw.Standing{Unknown: tc.unknown}, v.Standing(issuer, "good", "alice", start, now))
			require.Equal(t, caddymgw.Standing{Revoked: true}, v.Standing(issuer, "revoked", "alice", start, now), "it is known, after all")
			require.Equal(t, caddymgw.Standing{}, v.Standing("https://other.test", "revoked", "alice", start, now), "not one of ours")
		})
	}
	require.Equal(t, start, s.Contact())
	require.Zero(t, never.Contact())
}

// With and without what the process itself measures.
func TestStalenessByTheSystemClock(t *testing.T) {
	t.Parallel()
	s := New(time.Now, leeway)
	s.touch()
	v := s.View(issuer, time.Minute)
	now := time.Now() // has the time since the process began, too
	require.False(t, v.Standing(issuer, "k", "", start, now).Unknown)
	require.True(t, v.Standing(issuer, "k", "", start, now.Add(2*time.Minute)).Unknown)
	require.True(t, v.Standing(issuer, "k", "", start, now.Round(0).Add(2*time.Minute)).Unknown)
}

func TestLenCountsEachOnce(t *testing.T) {
	t.Parallel()
	s, c := synced()
	require.Zero(t, s.Len())
	told := []ledger.Revocation{atOnce("a"), replaced("b", time.Hour), before("alice", start), before("", start)}
	for range 2 {
		for _, r := range told {
			s.Apply(r)
		}
		require.Equal(t, 4, s.Len())
	}
	c.set(start.Add(time.Hour))
	s.sweep(c.now(), c.now())
	require.Equal(t, 4, s.Len(), "what has begun to hold is held")
	s.Apply(atOnce("b"))
	require.Equal(t, 4, s.Len())
}
