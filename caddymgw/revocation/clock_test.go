package revocation

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// THREATS L11.
func TestAClockThatIsSetBackRevivesNothing(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	for name, see := range map[string]func(*Set, *clock){
		"a request saw the end": func(s *Set, _ *clock) {
			require.True(t, ask(s, "k", "", start, start.Add(hour)).Revoked)
		},
		"the heartbeat saw it": func(s *Set, c *clock) {
			c.set(start.Add(hour))
			s.touch()
		},
		"another revocation saw it": func(s *Set, c *clock) {
			c.set(start.Add(hour))
			s.Apply(atOnce("other"))
		},
		"the sweep saw it": func(s *Set, c *clock) {
			c.set(start.Add(hour))
			s.sweep(c.now(), c.now())
		},
		"told of at the end": func(s *Set, c *clock) {
			c.set(start.Add(hour))
			s.Apply(replaced("k", hour))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := synced()
			s.Apply(replaced("k", hour))
			require.False(t, ask(s, "k", "", start, start.Add(hour-1)).Revoked)
			see(s, c)
			c.set(start.Add(-hour))
			s.touch()
			s.Apply(replaced("k", hour))
			s.sweep(c.now(), c.now())
			for _, at := range []time.Duration{-1000 * hour, -hour, 0, hour - 1, hour} {
				require.True(t, ask(s, "k", "", start, start.Add(at)).Revoked, at)
			}
		})
	}
}

// THREATS L11: after a restart there is no memory of what was seen.
func TestARevocationThatWasMadeAheadHoldsAtOnce(t *testing.T) {
	t.Parallel()
	c := &clock{at: start.Add(-time.Hour)}
	s := New(c.now, leeway)
	s.Apply(atOnce("k"))
	s.Apply(before("alice", start))
	require.True(t, ask(s, "k", "", start, c.now()).Revoked)
	require.True(t, ask(s, "", "alice", start.Add(-1), c.now()).Revoked)
}

// THREATS L11.
func TestWhatIsOverIsDroppedLate(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	over := day + leeway + margin
	for name, tc := range map[string]struct {
		told ledger.Revocation
		at   time.Duration
		left int
	}{
		"when its key has expired":                      {atOnce("k"), day, 1},
		"and leeway has passed":                         {atOnce("k"), day + leeway, 1},
		"and almost an hour":                            {atOnce("k"), over - 1, 1},
		"and an hour":                                   {atOnce("k"), over, 0},
		"one that began to hold meanwhile, almost":      {replaced("k", time.Hour), over - 1, 1},
		"one that began to hold meanwhile":              {replaced("k", time.Hour), over, 0},
		"of a key without end":                          {ledger.Revocation{ID: "k", Made: start, Effective: start}, 1e6 * time.Hour, 1},
		"of a key that ends after 2106":                 {ledger.Revocation{ID: "k", Expires: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)}, 2e6 * time.Hour, 1},
		"of a key that ended long ago":                  {ledger.Revocation{ID: "k", Expires: time.Unix(-9, 0)}, 0, 0},
		"of a key that ends within a second, almost":    {ledger.Revocation{ID: "k", Expires: start.Add(1)}, leeway + margin + time.Second - 1, 1},
		"of a key that ends within a second":            {ledger.Revocation{ID: "k", Expires: start.Add(1)}, leeway + margin + time.Second, 0},
		"of a subject":                                  {ledger.Revocation{Subject: "alice", IssuedBefore: start, Expires: start.Add(day)}, over, 0},
		"of a subject, almost":                          {ledger.Revocation{Subject: "alice", IssuedBefore: start, Expires: start.Add(day)}, over - 1, 1},
		"of a subject without end":                      {before("alice", start), 1e6 * time.Hour, 1},
		"of everyone":                                   {ledger.Revocation{IssuedBefore: start, Expires: start.Add(day)}, over, 0},
		"of everyone, almost":                           {ledger.Revocation{IssuedBefore: start, Expires: start.Add(day)}, over - 1, 1},
		"one that is to hold after its key has expired": {replaced("k", 9*day), over, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := synced()
			s.Apply(tc.told)
			for range 2 { // what begins to hold is dropped by the next sweep
				s.sweep(start.Add(tc.at), start.Add(tc.at))
			}
			require.Equal(t, tc.left, s.Len())
			holds := tc.left == 1 && tc.told.ID != "" && !tc.told.Effective.After(start.Add(tc.at))
			require.Equal(t, holds, ask(s, "k", "", start, start).Revoked)
		})
	}
}

func TestTheLaterEndOfTwoCounts(t *testing.T) {
	t.Parallel()
	soon, late, never := atOnce("k"), atOnce("k"), atOnce("k")
	soon.Expires, late.Expires, never.Expires = start, start.Add(time.Hour), time.Time{}
	for name, tc := range map[string]struct {
		told []ledger.Revocation
		at   time.Duration
		left int
	}{
		"later last":  {[]ledger.Revocation{soon, late}, time.Hour + leeway + margin - 1, 1},
		"later first": {[]ledger.Revocation{late, soon}, time.Hour + leeway + margin - 1, 1},
		"then gone":   {[]ledger.Revocation{late, soon}, time.Hour + leeway + margin, 0},
		"never last":  {[]ledger.Revocation{soon, never}, 1e6 * time.Hour, 1},
		"never first": {[]ledger.Revocation{never, soon}, 1e6 * time.Hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := synced()
			for _, r := range tc.told {
				s.Apply(r)
			}
			s.sweep(start, start.Add(tc.at))
			require.Equal(t, tc.left, s.Len())
		})
	}
}

// THREATS L11: forward by a day, and back.
func TestTheHorizonFollowsTheClock(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	for name, tc := range map[string]struct {
		clock func(tick int) time.Duration // since start
		ticks int
		want  time.Duration
	}{
		"as it goes":               {func(i int) time.Duration { return time.Duration(i) * time.Minute }, 90, 90 * time.Minute},
		"as it goes, in jerks":     {func(i int) time.Duration { return time.Duration(i/5) * 5 * time.Minute }, 90, 90 * time.Minute},
		"back at once":             {func(int) time.Duration { return -time.Hour }, 1, -time.Hour},
		"ahead in small steps":     {func(i int) time.Duration { return time.Duration(i) * 9 * time.Minute }, 10, 90 * time.Minute},
		"not ahead by an hour":     {func(i int) time.Duration { return time.Duration(60+i) * time.Minute }, 90, 90 * time.Minute},
		"not ahead by a day":       {func(i int) time.Duration { return day + time.Duration(i)*time.Minute }, 90, 90 * time.Minute},
		"not even after hours":     {func(i int) time.Duration { return day + time.Duration(i)*time.Minute }, 24 * 60, day},
		"but after a day":          {func(i int) time.Duration { return day + time.Duration(i)*time.Minute }, 24*60 + 1, 2*day + time.Minute},
		"there and back":           {func(i int) time.Duration { return time.Duration(i)*time.Minute + time.Duration(i%2)*day }, 90, 90 * time.Minute},
		"there and back, for days": {func(i int) time.Duration { return time.Duration(i)*time.Minute + time.Duration(i%2)*day }, 5001, 5001 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := horizon{at: start}
			for i := range tc.ticks {
				h.follow(start.Add(tc.clock(i+1)), time.Minute)
			}
			require.Equal(t, tc.want, h.at.Sub(start))
		})
	}
}

func TestMomentsBeyondWhatCanBeSaid(t *testing.T) {
	t.Parallel()
	far := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	require.Positive(t, nanos(far))
	require.Negative(t, nanos(time.Time{}))
	require.Less(t, nanos(start), nanos(far))
	require.Equal(t, start.UnixNano()+7, nanos(start.Add(7)))
	require.Equal(t, never, secondOf(far))
	require.Equal(t, never, secondOf(time.Time{}))
	require.Equal(t, second(math.MaxUint32), secondOf(time.Unix(math.MaxUint32, 0)))
	require.Equal(t, never, secondOf(time.Unix(math.MaxUint32, 1)))
	require.Equal(t, second(1), secondOf(time.Unix(0, 0)), "and not never")

	s, _ := synced()
	r := replaced("k", 0)
	r.Effective = far
	s.Apply(r)
	require.False(t, ask(s, "k", "", start, start.Add(1e5*time.Hour)).Revoked)
	require.NotZero(t, ask(s, "k", "", start, start).Retirement)
}
