package bearer

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestATokenIsAskedForAgain is for connections that stay longer than an answer
// is remembered.
func TestATokenIsAskedForAgain(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.say("good", goodAnswer(members{"exp": absent{}}))
	p := d.requireGood(t, "good")
	require.Zero(t, p.Expires)
	holds := func(after time.Duration) bool { return p.Recheck(t.Context(), start.Add(after)) }
	require.True(t, holds(time.Second))
	require.Equal(t, 1, o.count(), "what was said is remembered")
	require.True(t, holds(time.Minute))
	require.Equal(t, 2, o.count())
	o.say("good", members{"active": false})
	require.True(t, holds(2*time.Minute-1))
	require.False(t, holds(2*time.Minute))
	o.say("good", goodAnswer(nil))
	require.True(t, holds(3*time.Minute))
	o.err = errors.New("no route")
	require.False(t, holds(4*time.Minute), "nobody says that it is good")
	o.err = nil
	for d.opaque.introspect.slots.take(request().Client) {
		continue
	}
	require.True(t, holds(5*time.Minute), "that others ask for too much is not its fault")
}

func TestATokenIsNotGoodBeyondItsEndWhatWasSaid(t *testing.T) {
	t.Parallel()
	d, o := newOpaqueDesk(t, nil)
	o.say("good", goodAnswer(members{"exp": start.Unix() + 30}))
	p := d.requireGood(t, "good")
	require.True(t, p.Recheck(t.Context(), start.Add(29*time.Second)))
	require.False(t, p.Recheck(t.Context(), start.Add(31*time.Second)))
}

func TestTheURLOfAQuestionIsInNoError(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	d := newDesk(t, issuerOf(func(i *Issuer) {
		i.Introspection = goodIntrospection()
		i.Introspection.URL += "?api_key=hunter2"
		i.Introspection.Transport = &oracle{err: errors.New("no route")}
		i.Introspection.Failed = func(err error) { failed <- err }
	}))
	d.judge(t, "opaque", request())
	err := <-failed
	require.ErrorContains(t, err, "no route")
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "https://")
}
