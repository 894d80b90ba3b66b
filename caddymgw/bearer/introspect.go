package bearer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/token"
)

const (
	defaultCacheFor = 60 * time.Second
	badFor          = 5 * time.Second
	maxBad          = 10_000
	// maxGood bounds the bytes of the answers that are remembered.
	maxGood = 32 << 20
	// answerCost is what an answer takes besides its text.
	answerCost = 1 << 10
)

// errBusy means that too many questions are being asked.
var errBusy = errors.New("too many tokens are being asked for")

type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

// answer is what the issuer said of a token, with the reason why that is no
// access for anybody, if it is none.
type answer struct {
	reason caddymgw.Reason
	claims token.Claims
	*reading
	length int
	until  time.Time // then it is asked again
}

// introspector asks for tokens and remembers the answers for a moment: the good
// ones apart from the bad, of which everybody can make as many as he likes.
type introspector struct {
	*endpoint
	issuer   *issuer
	leeway   time.Duration
	cacheFor time.Duration
	failed   func(error)
	good     *otter.Cache[digest, *answer]
	bad      *otter.Cache[digest, *answer]
	flights  singleflight.Group
	slots    slots
}

func newIntrospector(i *issuer, leeway time.Duration) (*introspector, error) {
	e, err := newEndpoint(i.Introspection)
	if err != nil {
		return nil, err
	}
	n := &introspector{
		endpoint: e, issuer: i, leeway: leeway, cacheFor: i.Introspection.CacheFor, failed: i.Introspection.Failed,
		good: otter.Must(&otter.Options[digest, *answer]{
			MaximumWeight: maxGood,
			Weigher:       func(_ digest, a *answer) uint32 { return uint32(answerCost + a.length) },
		}),
		bad: otter.Must(&otter.Options[digest, *answer]{MaximumSize: maxBad}),
	}
	if n.cacheFor == 0 {
		n.cacheFor = defaultCacheFor
	}
	if n.failed == nil {
		n.failed = func(error) {}
	}
	return n, nil
}

// introspected judges a token by what its issuer says of it.
func (v *Verifier) introspected(ctx context.Context, p presented, i *issuer) caddymgw.Verdict {
	a, err := i.introspect.answer(ctx, question{p.text, p.scheme, p.Client, p.Now})
	switch {
	case errors.Is(err, errBusy):
		return caddymgw.UnavailableFor(caddymgw.ReasonBusy)
	case err != nil:
		return caddymgw.UnavailableFor(caddymgw.ReasonNotReady)
	}
	return v.answered(p, i, a)
}

// answered judges by an answer, which may be remembered, all that changes from
// call to call.
func (v *Verifier) answered(p presented, i *issuer, a *answer) caddymgw.Verdict {
	if a.reason != caddymgw.ReasonNone {
		return caddymgw.RefusedFor(a.reason)
	}
	if err := a.claims.CheckTime(p.Now, v.leeway); err != nil {
		return caddymgw.RefusedFor(reasonOf(err))
	}
	return v.satisfied(p, a.reading)
}

// remembered returns the answer to a question that was asked before; nil if
// there is none, or it is too old.
func (n *introspector) remembered(d digest, now time.Time) *answer {
	a, ok := n.good.GetIfPresent(d)
	if !ok {
		a, ok = n.bad.GetIfPresent(d)
	}
	if !ok || !now.Before(a.until) {
		return nil
	}
	return a
}

// question is a token, and what is known when it is first asked for.
type question struct {
	text   string
	scheme *caddymgw.Scheme
	client netip.Addr // who presents it; the zero Addr if unknown
	now    time.Time
}

// answer asks, unless somebody is asking the same just now. It returns when the
// caller's context ends; the question goes on for the others.
func (n *introspector) answer(ctx context.Context, q question) (*answer, error) {
	d := digestOf(q.text)
	flight := n.flights.DoChan(string(d[:]), func() (any, error) { return n.fly(d, q) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-flight:
		a, _ := r.Val.(*answer)
		return a, r.Err
	}
}

// fly asks once, if there is a free place, and remembers the answer.
func (n *introspector) fly(d digest, q question) (a *answer, err error) {
	// A panic here would end the process: this is not the request's goroutine.
	defer func() {
		if v := recover(); v != nil {
			a, err = nil, errors.New("introspection panicked")
		}
	}()
	if a := n.remembered(d, q.now); a != nil { // since we looked
		return a, nil
	}
	if !n.slots.take(q.client) {
		return nil, errBusy
	}
	defer n.slots.free(q.client)
	members, length, err := n.ask(q.text)
	if err != nil {
		n.failed(fmt.Errorf("introspection: %w", err))
		return nil, err
	}
	a = &answer{length: length + len(q.text)}
	a.reason = n.judge(a, members, q)
	n.remember(d, a, q.now)
	return a, nil
}

// judge reads an answer and returns why it lets nobody in, now.
func (n *introspector) judge(a *answer, members map[string]any, q question) caddymgw.Reason {
	if members["active"] != true {
		return reasonInactive
	}
	var ok bool
	a.claims, ok = claimsOf(members)
	c := &a.claims
	_, says := members["iss"]
	switch {
	case !ok:
		return caddymgw.ReasonClaims
	case says && c.Issuer != n.issuer.Name:
		return caddymgw.ReasonIssuer
	case !token.MayBeAccessToken(members):
		return caddymgw.ReasonType
	case !n.issuer.isFor(c.Audience):
		return caddymgw.ReasonAudience
	}
	if err := c.CheckTime(q.now, n.leeway); err != nil {
		return reasonOf(err)
	}
	if a.reading, ok = n.issuer.read(c, q.scheme, "sub", "username", "client_id"); !ok {
		return caddymgw.ReasonClaims
	}
	a.principal.Recheck = n.recheck(question{text: strings.Clone(q.text), scheme: q.scheme})
	return caddymgw.ReasonNone
}

// recheck asks again for a token that was found good, as soon as what was said of
// it is forgotten. Without an answer it is no longer good, unless only too many
// tokens are being asked for: that others may bring about.
func (n *introspector) recheck(q question) func(context.Context, time.Time) bool {
	return func(ctx context.Context, now time.Time) bool {
		a := n.remembered(digestOf(q.text), now)
		if a == nil {
			again := q
			again.now = now
			var err error
			if a, err = n.answer(ctx, again); err != nil {
				return errors.Is(err, errBusy)
			}
		}
		return a.reason == caddymgw.ReasonNone && a.claims.CheckTime(now, n.leeway) == nil
	}
}

// remember keeps a good answer as long as configured, but not beyond the life
// of the token, and a bad one for a moment.
func (n *introspector) remember(d digest, a *answer, now time.Time) {
	if a.reason != caddymgw.ReasonNone {
		a.until = now.Add(badFor)
		n.good.Invalidate(d)
		n.bad.Set(d, &answer{reason: a.reason, until: a.until})
		return
	}
	a.until = now.Add(n.cacheFor)
	if exp := a.claims.Expires; !exp.IsZero() && exp.Before(a.until) {
		a.until = exp
	}
	if a.until.After(now) {
		n.good.Set(d, a)
	}
}
