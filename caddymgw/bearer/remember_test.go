package bearer

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

func (d *desk) at(t testing.TB, text string, after time.Duration) caddymgw.Outcome {
	t.Helper()
	r := request()
	r.Now = start.Add(after)
	return d.judge(t, text, r).Outcome
}

func TestHowLongAnswersAreRemembered(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cacheFor time.Duration
		leeway   time.Duration
		answer   members
		until    time.Duration
	}{
		"good ones for a minute":        {answer: goodAnswer(nil), until: time.Minute},
		"or as long as configured":      {cacheFor: time.Second, answer: goodAnswer(nil), until: time.Second},
		"or longer":                     {cacheFor: 10 * time.Minute, answer: goodAnswer(nil), until: 10 * time.Minute},
		"those without exp too":         {answer: goodAnswer(members{"exp": absent{}}), until: time.Minute},
		"never beyond exp":              {answer: goodAnswer(members{"exp": start.Unix() + 7}), until: 7 * time.Second},
		"not even with leeway":          {leeway: MaxLeeway, answer: goodAnswer(members{"exp": start.Unix() + 7}), until: 7 * time.Second},
		"not at all within the leeway":  {leeway: MaxLeeway, answer: goodAnswer(members{"exp": start.Unix() - 7}), until: 0},
		"not at all":                    {cacheFor: -1, answer: goodAnswer(nil), until: 0},
		"bad ones for five seconds":     {answer: members{"active": false}, until: badFor},
		"bad ones though good ones not": {cacheFor: -1, answer: members{"active": false}, until: badFor},
		"active ones that are not ours": {answer: goodAnswer(members{"aud": "other"}), until: badFor},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, o := newOpaqueDesk(t, func(c *Config) {
				c.Leeway = tc.leeway
				c.Issuers[0].Introspection.CacheFor = tc.cacheFor
			})
			o.say("t", tc.answer)
			d.at(t, "t", 0)
			if tc.until > 0 {
				d.at(t, "t", tc.until-1)
				require.Equal(t, 1, o.count())
			} else {
				require.Zero(t, d.opaque.introspect.good.EstimatedSize())
			}
			d.at(t, "t", tc.until)
			require.Equal(t, 2, o.count())
		})
	}
}

func TestAnAnswerIsReplacedByTheNext(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	const minute = time.Minute
	require.Equal(t, caddymgw.Satisfied, d.at(t, "good", 0))
	o.say("good", members{"active": false})
	require.Equal(t, caddymgw.Satisfied, d.at(t, "good", minute-1), "for so long a token that was withdrawn goes on")
	require.Equal(t, caddymgw.Refused, d.at(t, "good", minute))
	require.Equal(t, caddymgw.Refused, d.at(t, "good", minute+badFor-1))
	o.say("good", goodAnswer(nil))
	require.Equal(t, caddymgw.Refused, d.at(t, "good", minute+badFor-1))
	require.Equal(t, caddymgw.Satisfied, d.at(t, "good", minute+badFor))
	require.Equal(t, 3, o.count())
}

// It is remembered that the answer was good, not that the token is.
func TestARememberedAnswerIsJudgedByTheClock(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.say("t", goodAnswer(members{"nbf": start.Unix(), "exp": start.Unix() + 30}))
	require.Equal(t, caddymgw.Satisfied, d.at(t, "t", 0))
	require.Equal(t, caddymgw.Refused, d.at(t, "t", -time.Second), "the clock was set back before nbf")
	require.Equal(t, 1, o.count())
}

func TestBadAnswersNeverPushOutGoodOnes(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	n := d.opaque.introspect
	const good = 500
	for i := range good {
		text := fmt.Sprint("good", i)
		o.say(text, goodAnswer(nil))
		d.requireGood(t, text)
	}
	for i := range 100 {
		d.requireRefused(t, fmt.Sprint("bad", i), reasonInactive)
	}
	for i := range 2 * maxBad {
		n.remember(digestOf(fmt.Sprint("worse", i)), &answer{reason: reasonInactive}, start)
	}
	n.bad.CleanUp()
	n.good.CleanUp()
	require.LessOrEqual(t, n.bad.EstimatedSize(), maxBad)
	require.Equal(t, good, n.good.EstimatedSize())
	before := o.count()
	for i := range good {
		d.requireGood(t, fmt.Sprint("good", i))
	}
	require.Equal(t, before, o.count())
}

func TestGoodAnswersAreBoundedByTheirLength(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	n := d.opaque.introspect
	o.say("long", goodAnswer(members{"x": strings.Repeat("x", 1000)}))
	d.requireGood(t, "long")
	a := n.remembered(digestOf("long"), start)
	require.Greater(t, a.length, 1000)
	for i := range 2 * maxGood / maxAnswer {
		n.remember(digestOf(fmt.Sprint("huge", i)), &answer{reading: a.reading, length: maxAnswer}, start)
	}
	n.good.CleanUp()
	require.LessOrEqual(t, n.good.WeightedSize(), uint64(maxGood))
	require.Greater(t, n.good.WeightedSize(), uint64(maxGood/2))
}

func TestThoseWhoAskTheSameShareOneQuestion(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.hold = make(chan struct{})
	const many = 100
	principals := make([]*caddymgw.Principal, many)
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() { principals[i] = d.judge(t, "good", request()).Principal })
	}
	require.Eventually(t, func() bool { return o.count() == 1 }, 5*time.Second, time.Millisecond)
	close(o.hold)
	wg.Wait()
	require.Equal(t, 1, o.count())
	for _, p := range principals {
		require.NotNil(t, p)
		require.Same(t, principals[0], p)
	}
}

func TestWhoGoesAwayDoesNotTakeTheAnswerAlong(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.hold = make(chan struct{})
	judge := func(ctx context.Context) chan caddymgw.Verdict {
		done := make(chan caddymgw.Verdict, 1)
		go func() {
			done <- d.Verify(ctx, request(), &caddymgw.Requirement{Scheme: scheme, Verifier: d}, bearerOf("good"))
		}()
		return done
	}
	ctx, leave := context.WithCancel(t.Context())
	first := judge(ctx)
	require.Eventually(t, func() bool { return o.count() == 1 }, 5*time.Second, time.Millisecond)
	second := judge(t.Context())
	impatient, leaveToo := context.WithTimeout(t.Context(), time.Millisecond)
	defer leaveToo()
	third := judge(impatient)
	leave()
	require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonNotReady), <-first)
	require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonNotReady), <-third)
	select {
	case v := <-second:
		require.Fail(t, "nothing was answered yet", v)
	default:
	}
	close(o.hold)
	require.Equal(t, caddymgw.Satisfied, (<-second).Outcome)
	require.Equal(t, 1, o.count())
}

func TestWhoGoesAwayAloneLeavesTheAnswerBehind(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.hold = make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	leave()
	v := d.Verify(ctx, request(), &caddymgw.Requirement{Scheme: scheme, Verifier: d}, bearerOf("good"))
	require.Equal(t, caddymgw.Unavailable, v.Outcome)
	close(o.hold)
	require.Eventually(t, func() bool { return d.opaque.introspect.remembered(digestOf("good"), start) != nil }, 5*time.Second, time.Millisecond)
	d.requireGood(t, "good")
	require.Equal(t, 1, o.count())
}

func TestOnlySoManyQuestionsAreAskedAtOnce(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	d.requireGood(t, "good")
	o.hold = make(chan struct{})
	var wg sync.WaitGroup
	for i := range maxFlights {
		wg.Go(func() { d.judge(t, fmt.Sprint("bad", i), request()) })
	}
	require.Eventually(t, func() bool { return o.count() == 1+maxFlights }, 5*time.Second, time.Millisecond)
	require.Equal(t, caddymgw.UnavailableFor(caddymgw.ReasonBusy), d.judge(t, "another", request()))
	d.requireGood(t, "good")
	close(o.hold)
	wg.Wait()
	d.requireRefused(t, "another", reasonInactive)
}
