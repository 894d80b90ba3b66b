package basic

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// question is what a Guard is asked.
type question struct{ user, hash, password string }

type answer struct {
	ok  bool
	err error
}

func ask(ctx context.Context, g *Guard, q question, compare func() (bool, error)) answer {
	ok, err := g.check(ctx, q.user, []byte(q.hash), []byte(q.password), true, compare)
	return answer{ok, err}
}

// slow compares until it is let go; it counts how often it does.
type slow struct {
	began, running, most atomic.Int64
	gate                 chan struct{}
	answer               answer
}

func newSlow(a answer) *slow { return &slow{gate: make(chan struct{}), answer: a} }

func (s *slow) compare() (bool, error) {
	s.began.Add(1)
	n := s.running.Add(1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	<-s.gate
	s.running.Add(-1)
	return s.answer.ok, s.answer.err
}

// crowd asks n different questions at once, and returns when all hash or wait.
func crowd(ctx context.Context, g *Guard, name string, n int, compare func() (bool, error)) <-chan answer {
	answers := make(chan answer, n)
	for i := range n {
		go func() { answers <- ask(ctx, g, question{user: name, password: strconv.Itoa(i)}, compare) }()
	}
	synctest.Wait()
	return answers
}

func right() (bool, error) { return true, nil }

func TestGuardHashesNoMoreAtOnceThanItsSlots(t *testing.T) {
	t.Parallel()
	for _, slots := range []int{1, 3} {
		t.Run(strconv.Itoa(slots), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(slots, time.Now)
				s := newSlow(answer{ok: true})
				answers := crowd(t.Context(), g, "all", 20, s.compare)
				require.EqualValues(t, slots, s.began.Load())
				close(s.gate)
				for range 20 {
					require.Equal(t, answer{ok: true}, <-answers)
				}
				require.EqualValues(t, 20, s.began.Load())
				require.EqualValues(t, slots, s.most.Load())
			})
		})
	}
}

func TestGuardTakesHalfOfTheCPUs(t *testing.T) {
	t.Parallel()
	g := NewGuard()
	require.True(t, g.slots.TryAcquire(int64(max(1, runtime.GOMAXPROCS(0)/2))))
	require.False(t, g.slots.TryAcquire(1))
}

func TestGuardLetsSixtyFourWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(1, time.Now)
		s := newSlow(answer{ok: true})
		answers := crowd(t.Context(), g, "early", 1+64, s.compare)
		late := question{user: "late"}
		for range 3 {
			require.Equal(t, answer{err: ErrBusy}, ask(t.Context(), g, late, s.compare), "at once")
		}
		close(s.gate)
		for range 1 + 64 {
			require.Equal(t, answer{ok: true}, <-answers)
		}
		require.EqualValues(t, 1+64, s.began.Load())
		require.Equal(t, answer{ok: true}, ask(t.Context(), g, late, right))
		require.Zero(t, g.waiting.Load(), "every place is free again")
	})
}

func TestGuardGivesThePlaceOfWhoWentAwayToAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(1, time.Now)
		s := newSlow(answer{ok: true})
		ctx, leave := context.WithCancel(t.Context())
		hashing := make(chan answer, 1)
		go func() { hashing <- ask(t.Context(), g, question{user: "first"}, s.compare) }()
		synctest.Wait()
		gone := crowd(ctx, g, "gone", 64, s.compare)
		leave()
		for range 64 {
			a := <-gone
			require.ErrorIs(t, a.err, ErrBusy)
			require.ErrorIs(t, a.err, context.Canceled)
		}
		synctest.Wait()
		answers := crowd(t.Context(), g, "later", 64, s.compare)
		close(s.gate)
		for range 64 {
			require.Equal(t, answer{ok: true}, <-answers)
		}
		require.Equal(t, answer{ok: true}, <-hashing)
		require.EqualValues(t, 1+64, s.began.Load(), "nothing is hashed for those who went away")
	})
}

func TestGuardHashesOneQuestionOnce(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"right":       {ok: true},
		"wrong":       {},
		"error":       {err: errors.New("broken")},
		"both":        {ok: true, err: errors.New("broken")},
		"cancelled":   {err: context.Canceled},
		"out of time": {err: fmt.Errorf("remote hash: %w", context.DeadlineExceeded)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(4, time.Now)
				s := newSlow(a)
				answers := make(chan answer, 50)
				for range 50 {
					go func() { answers <- ask(t.Context(), g, question{"u", "h", "p"}, s.compare) }()
				}
				synctest.Wait()
				close(s.gate)
				for range 50 {
					require.Equal(t, answer{ok: a.ok && a.err == nil, err: a.err}, <-answers)
				}
				require.EqualValues(t, 1, s.began.Load())
			})
		})
	}
}

func TestGuardSharesNoAnswerBetweenGuesses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGuard(2, time.Now)
		answers := map[bool]chan answer{true: make(chan answer, 1), false: make(chan answer, 1)}
		gate := make(chan struct{})
		for ok, c := range answers {
			go func() {
				c <- ask(t.Context(), g, question{"u", "h", strconv.FormatBool(ok)}, func() (bool, error) { <-gate; return ok, nil })
			}()
		}
		synctest.Wait()
		close(gate)
		for ok, c := range answers {
			require.Equal(t, answer{ok: ok}, <-c)
		}
	})
}

func TestGuardTellsQuestionsApart(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	asked := question{"ab", "cd", "ef"}
	require.True(t, ask(t.Context(), g, asked, right).ok)
	for name, q := range map[string]question{
		"another user":                 {"xx", "cd", "ef"},
		"another hash":                 {"ab", "xx", "ef"},
		"another password":             {"ab", "cd", "xx"},
		"no password":                  {"ab", "cd", ""},
		"the hash begins earlier":      {"a", "bcd", "ef"},
		"the password begins earlier":  {"ab", "c", "def"},
		"the password begins later":    {"ab", "cde", "f"},
		"all of it is the user":        {"abcdef", "", ""},
		"all of it is the password":    {"", "", "abcdef"},
		"user and hash change places":  {"cd", "ab", "ef"},
		"a NUL at the end":             {"ab", "cd", "ef\x00"},
		"a NUL between user and hash":  {"ab\x00", "cd", "ef"},
		"the case of the user differs": {"AB", "cd", "ef"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, answer{}, ask(t.Context(), g, q, func() (bool, error) { return false, nil }))
		})
	}
}

func TestGuardOutlivesALeaderThatGoesAway(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		busy  bool // another question is hashed, so that the leader waits
		leave func(context.Context) (context.Context, context.CancelFunc)
		cause error
	}{
		"while it hashes": {false, context.WithCancel, context.Canceled},
		"while it waits":  {true, context.WithCancel, context.Canceled},
		"while its time runs out": {true, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newGuard(1, time.Now)
				other, s := newSlow(answer{ok: true}), newSlow(answer{ok: true})
				if tc.busy {
					go ask(t.Context(), g, question{user: "other"}, other.compare)
					synctest.Wait()
				}
				q := question{"u", "h", "p"}
				ctx, cancel := tc.leave(t.Context())
				leader, followers := make(chan answer, 1), make(chan answer, 10)
				go func() { leader <- ask(ctx, g, q, s.compare) }()
				synctest.Wait()
				for range 10 {
					go func() { followers <- ask(t.Context(), g, q, s.compare) }()
				}
				synctest.Wait()
				if errors.Is(tc.cause, context.Canceled) {
					cancel()
				}
				a := <-leader
				require.False(t, a.ok)
				require.ErrorIs(t, a.err, ErrBusy)
				require.ErrorIs(t, a.err, tc.cause)
				cancel()
				close(other.gate)
				close(s.gate)
				for range 10 {
					require.Equal(t, answer{ok: true}, <-followers)
				}
				require.EqualValues(t, 1, s.began.Load())
			})
		})
	}
}

func TestGuardTurnsAPanicIntoAnError(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	q := question{"u", "h", "hunter2-in-plain"}
	a := ask(t.Context(), g, q, func() (bool, error) { panic(q.password) })
	require.False(t, a.ok)
	require.ErrorContains(t, a.err, "panicked")
	require.NotErrorIs(t, a.err, ErrBusy)
	hides(t, a.err, q.password)
	require.Equal(t, answer{ok: true}, ask(t.Context(), g, q, right), "the place is free again")
}
