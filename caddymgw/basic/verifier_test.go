package basic

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// fake is a Comparer as lax as bcrypt, and laxer: what begins with the password
// is right, and so is everything for a hash that it does not know, as a decoy.
type fake struct {
	passwords map[string]string // by hash
	err       error

	mu    sync.Mutex
	asked []string // hashes
}

func (f *fake) Compare(hash, plaintext []byte) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, string(hash))
	return f.err == nil && bytes.HasPrefix(plaintext, []byte(f.passwords[string(hash)])), f.err
}

func (f *fake) comparer([]byte) (Comparer, error) { return f, nil }

var (
	aliceHash, bobHash = bcryptHash(10), argonHash(65536, 3, 4)
	longest            = strings.Repeat("x", maxBcryptPassword)
)

// team returns a verifier of alice, whose hash is bcrypt, and bob, whose hash
// is the costlier argon2id.
func team(t *testing.T, g *Guard) (*Verifier, *fake) {
	t.Helper()
	f := &fake{passwords: map[string]string{aliceHash: longest, bobHash: "b:ob"}}
	v, err := New(Config{
		Users:   []User{{"alice", []byte(aliceHash), []string{"read", "write"}}, {"bob", []byte(bobHash), nil}},
		Compare: f.comparer,
		Guard:   g,
	})
	require.NoError(t, err)
	return v, f
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	broken := errors.New("no such module")
	yes := (&fake{}).comparer
	user := func(name, hash string) []User {
		return []User{{Name: "zoe", Hash: []byte(bobHash)}, {Name: name, Hash: []byte(hash)}}
	}
	for name, tc := range map[string]struct {
		users   []User
		compare func([]byte) (Comparer, error)
		want    string
	}{
		"a user twice":              {user("zoe", aliceHash), yes, `user "zoe" is named twice`},
		"an empty name":             {user("", aliceHash), yes, `user "": the name is empty`},
		"a colon in a name":         {user("a:b", aliceHash), yes, `user "a:b": the name contains ":"`},
		"a control in a name":       {user("a\n", aliceHash), yes, `user "a\n": the name contains a control`},
		"no hash":                   {user("alice", ""), yes, `user "alice": the hash is empty`},
		"a plain password":          {user("alice", "hunter2-in-plain"), yes, `user "alice": the hash is neither`},
		"a weak hash":               {user("alice", bcryptHash(9)), yes, `user "alice": the bcrypt cost 9`},
		"a costly hash":             {user("alice", argonHash(1<<20, 9, 1)), yes, `user "alice": the argon2id hash is too costly`},
		"a malformed hash":          {user("alice", bobHash+"$"), yes, `user "alice": the argon2id hash is malformed`},
		"no way to compare":         {user("alice", aliceHash), nil, `user "zoe": nothing compares hashes`},
		"no comparer for a kind":    {user("alice", aliceHash), func([]byte) (Comparer, error) { return nil, nil }, `user "zoe": nothing compares hashes of this kind`},
		"a comparer without a home": {user("alice", aliceHash), func([]byte) (Comparer, error) { return nil, broken }, `user "zoe": no such module`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := New(Config{Users: tc.users, Compare: tc.compare})
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, v)
			for _, u := range tc.users {
				hides(t, err, string(u.Hash))
			}
		})
	}
}

func TestNewKeepsNothingOfItsConfig(t *testing.T) {
	t.Parallel()
	f := &fake{passwords: map[string]string{aliceHash: "p"}}
	users := []User{{"alice", []byte(aliceHash), []string{"read"}}}
	v, err := New(Config{Users: users, Compare: f.comparer})
	require.NoError(t, err)
	clear(users[0].Hash)
	users[0].Scopes[0] = "admin"
	got := verify(t.Context(), v, encode("alice:p"))
	require.Equal(t, caddymgw.Satisfied, got.Outcome)
	require.Equal(t, []string{"read"}, got.Principal.Scopes)
	require.Equal(t, []string{aliceHash}, f.asked)
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	const nothing, decoy = "", "decoy"
	for name, tc := range map[string]struct {
		user, password string
		ok             bool
		compared       string // with which hash, and only with it
	}{
		"right, 72 bytes":                   {"alice", longest, true, aliceHash},
		"right, with a colon":               {"bob", "b:ob", true, bobHash},
		"wrong":                             {"alice", "b:ob", false, aliceHash},
		"empty password":                    {"bob", "", false, bobHash},
		"the password of another":           {"bob", longest, false, bobHash},
		"unknown":                           {"eve", longest, false, decoy},
		"no name":                           {"", "b:ob", false, decoy},
		"names have their case":             {"Alice", longest, false, decoy},
		"names have their spaces":           {"alice ", longest, false, decoy},
		"a hash is no password":             {"alice", aliceHash, false, aliceHash},
		"bcrypt, what follows 72 bytes":     {"alice", longest + "y", false, decoy},
		"bcrypt, what follows a NUL":        {"alice", longest[:71] + "\x00", false, decoy},
		"bcrypt, NUL before the 72nd byte":  {"alice", "x\x00x", false, decoy},
		"argon2id, more than 72 bytes":      {"bob", "b:ob" + longest, true, bobHash},
		"argon2id, a NUL":                   {"bob", "b:ob\x00", true, bobHash},
		"1,024 bytes":                       {"bob", "b:ob" + strings.Repeat("x", 1020), true, bobHash},
		"more than 1,024 bytes":             {"bob", "b:ob" + strings.Repeat("x", 1021), false, nothing},
		"more than 1,024 bytes, unknown":    {"eve", strings.Repeat("x", 1025), false, nothing},
		"1,024 bytes of somebody not known": {"eve", strings.Repeat("x", 1024), false, decoy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, f := team(t, nil)
			ok, err := v.Authenticate(t.Context(), tc.user, tc.password)
			require.NoError(t, err)
			require.Equal(t, tc.ok, ok)
			if tc.compared == nothing {
				require.Empty(t, f.asked)
				return
			}
			if tc.compared == decoy {
				tc.compared = string(v.decoy.hash)
			}
			require.Equal(t, []string{tc.compared}, f.asked)

			again, err := v.Authenticate(t.Context(), tc.user, tc.password)
			require.NoError(t, err)
			require.Equal(t, tc.ok, again)
			require.Equal(t, !tc.ok, len(f.asked) == 2, "only what was right is remembered")
		})
	}
}

func TestUnknownUsersCostAsMuchAsTheCostliest(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		hashes    []string
		costliest int
	}{
		"one":                                {[]string{bcryptHash(10)}, 0},
		"bcrypt by cost":                     {[]string{bcryptHash(10), bcryptHash(14), bcryptHash(12)}, 1},
		"argon2id by memory times passes":    {[]string{argonHash(65536, 2, 4), argonHash(47104, 3, 1)}, 1},
		"bcrypt 14 above Caddy's argon2id":   {[]string{argonHash(47104, 1, 1), bcryptHash(14)}, 1},
		"Caddy's argon2id above bcrypt 10":   {[]string{bcryptHash(10), argonHash(47104, 1, 1)}, 1},
		"bcrypt 11 above Caddy's argon2id":   {[]string{bcryptHash(11), argonHash(47104, 1, 1)}, 0},
		"the first of those that cost alike": {[]string{bcryptHash(11), argonHash(65536, 1, 1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var users []User
			comparers := map[string]*fake{}
			for i, hash := range tc.hashes {
				users = append(users, User{Name: string(rune('a' + i)), Hash: []byte(hash)})
				comparers[hash] = &fake{}
			}
			v, err := New(Config{Users: users, Compare: func(hash []byte) (Comparer, error) { return comparers[string(hash)], nil }})
			require.NoError(t, err)
			ok, err := v.Authenticate(t.Context(), "eve", "p")
			require.NoError(t, err)
			require.False(t, ok, "though the comparer says yes")
			for i, hash := range tc.hashes {
				if i != tc.costliest {
					require.Empty(t, comparers[hash].asked)
					continue
				}
				require.Len(t, comparers[hash].asked, 1)
				decoy := comparers[hash].asked[0]
				require.NotEqual(t, hash, decoy)
				want, err := parseHash([]byte(hash))
				require.NoError(t, err)
				got, err := parseHash([]byte(decoy))
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		})
	}
}

func TestWithoutUsersNobodyComesIn(t *testing.T) {
	t.Parallel()
	v, err := New(Config{})
	require.NoError(t, err)
	for _, user := range []string{"", "alice"} {
		ok, err := v.Authenticate(t.Context(), user, "")
		require.NoError(t, err)
		require.False(t, ok)
	}
}

func TestReloadForgetsPasswordsThatChanged(t *testing.T) {
	t.Parallel()
	g := newGuard(1, time.Now)
	login := func(hash, password string) (ok, hashed bool) {
		f := &fake{passwords: map[string]string{hash: password}}
		v, err := New(Config{Users: []User{{Name: "alice", Hash: []byte(hash)}}, Compare: f.comparer, Guard: g})
		require.NoError(t, err)
		ok, err = v.Authenticate(t.Context(), "alice", "old")
		require.NoError(t, err)
		return ok, len(f.asked) == 1
	}
	for _, step := range []struct {
		hash, password string
		ok, hashed     bool
	}{
		{aliceHash, "old", true, true},
		{aliceHash, "old", true, false},
		{bobHash, "new", false, true},
	} {
		ok, hashed := login(step.hash, step.password)
		require.Equal(t, step.ok, ok)
		require.Equal(t, step.hashed, hashed)
	}
}

func TestUsersOfOneHashAreRememberedApart(t *testing.T) {
	t.Parallel()
	f := &fake{passwords: map[string]string{aliceHash: "p"}}
	v, err := New(Config{
		Users:   []User{{Name: "alice", Hash: []byte(aliceHash)}, {Name: "carol", Hash: []byte(aliceHash)}},
		Compare: f.comparer,
	})
	require.NoError(t, err)
	for i, user := range []string{"alice", "carol"} {
		ok, err := v.Authenticate(t.Context(), user, "p")
		require.NoError(t, err)
		require.True(t, ok)
		require.Len(t, f.asked, i+1)
	}
}

func TestOneUserHasManyClients(t *testing.T) {
	t.Parallel()
	v, _ := team(t, nil)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			user, password := "bob", "b:ob"
			if i%2 == 1 {
				user = "eve"
			}
			ok, err := v.Authenticate(context.Background(), user, password)
			if err != nil || ok != (user == "bob") {
				t.Error(user, ok, err)
			}
		})
	}
	wg.Wait()
}

func verify(ctx context.Context, v *Verifier, value string) caddymgw.Verdict {
	r := &caddymgw.Requirement{Scheme: &caddymgw.Scheme{Name: "login", Realm: `The "Pets"`}, Scopes: []string{"admin"}}
	return v.Verify(ctx, &caddymgw.Request{}, r, credential.Credential{AuthScheme: "basic", Value: credential.Secret(value)})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	refused := func(code fault.Code, reason caddymgw.Reason) caddymgw.Verdict {
		return caddymgw.Verdict{Outcome: caddymgw.Refused, Fault: code, Reason: reason}
	}
	unavailable := func(reason caddymgw.Reason) caddymgw.Verdict {
		return caddymgw.Verdict{Outcome: caddymgw.Unavailable, Fault: fault.Unclassified, Reason: reason}
	}
	roles := []string{"read", "write"}
	for name, tc := range map[string]struct {
		ctx   context.Context
		value string
		full  bool
		err   error
		want  caddymgw.Verdict
	}{
		"right": {value: encode("alice:" + longest), want: caddymgw.Verdict{
			Outcome:   caddymgw.Satisfied,
			Principal: &caddymgw.Principal{Subject: "alice", Scheme: "login", Scopes: roles, Roles: roles},
		}},
		"right, without scopes": {value: encode("bob:b:ob"), want: caddymgw.Verdict{
			Outcome:   caddymgw.Satisfied,
			Principal: &caddymgw.Principal{Subject: "bob", Scheme: "login"},
		}},
		"wrong":                     {value: encode("alice:guess"), want: refused(fault.WrongPassword, caddymgw.ReasonWrongPassword)},
		"unknown":                   {value: encode("eve:b:ob"), want: refused(fault.WrongPassword, caddymgw.ReasonWrongPassword)},
		"long":                      {value: encode("bob:b:ob" + strings.Repeat("x", 1024)), want: refused(fault.WrongPassword, caddymgw.ReasonWrongPassword)},
		"malformed":                 {value: "!!!", want: refused(fault.MalformedBasic, caddymgw.ReasonMalformed)},
		"no colon":                  {value: "YQ==", want: refused(fault.MalformedBasic, caddymgw.ReasonMalformed)},
		"a NUL":                     {value: encode("alice:x\x00x"), want: refused(fault.MalformedBasic, caddymgw.ReasonMalformed)},
		"malformed before busy":     {value: "!!!", full: true, want: refused(fault.MalformedBasic, caddymgw.ReasonMalformed)},
		"busy":                      {value: encode("alice:" + longest), full: true, want: unavailable(caddymgw.ReasonBusy)},
		"busy, unknown":             {value: encode("eve:b:ob"), full: true, want: unavailable(caddymgw.ReasonBusy)},
		"busy, and the client left": {ctx: gone, value: encode("alice:" + longest), full: true, want: unavailable(caddymgw.ReasonBusy)},
		"the comparer is broken":    {value: encode("alice:" + longest), err: errors.New("broken"), want: unavailable(caddymgw.ReasonNotReady)},
		"broken, unknown":           {value: encode("eve:b:ob"), err: errors.New("broken"), want: unavailable(caddymgw.ReasonNotReady)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGuard(1, time.Now)
			v, f := team(t, g)
			f.err = tc.err
			if tc.full {
				full(t, g)
			}
			if tc.ctx == nil {
				tc.ctx = t.Context()
			}
			require.Equal(t, tc.want, verify(tc.ctx, v, tc.value))
		})
	}
}

func TestPrincipalsDoNotShareRoomForScopes(t *testing.T) {
	t.Parallel()
	v, _ := team(t, nil)
	login := func() *caddymgw.Principal { return verify(t.Context(), v, encode("alice:"+longest)).Principal }
	first := login()
	_ = append(first.Scopes, "admin")
	require.Equal(t, []string{"read", "write"}, login().Roles)
	require.Equal(t, len(first.Scopes), cap(first.Scopes))
}

func TestOwnsWhatFollowsTheWordBasic(t *testing.T) {
	t.Parallel()
	v, _ := team(t, nil)
	for scheme, owns := range map[string]bool{"basic": true, "bearer": false, "": false} {
		require.Equal(t, owns, v.Owns(&caddymgw.Scheme{}, credential.Credential{AuthScheme: scheme, Value: "dTpw"}), scheme)
	}
}

func TestChallengeNamesTheRealm(t *testing.T) {
	t.Parallel()
	v, _ := team(t, nil)
	r := &caddymgw.Requirement{Scheme: &caddymgw.Scheme{Realm: `The "Pets"`}}
	require.Equal(t, `Basic realm="The \"Pets\"", charset="UTF-8"`, v.Challenge(r))
}

func TestARightPasswordIsRememberedAndNothingElse(t *testing.T) {
	t.Parallel()
	v, _ := team(t, nil)
	require.False(t, v.Remembers("bob", "b:ob"))
	for _, password := range []string{"b:ob", "guess"} {
		_, err := v.Authenticate(t.Context(), "bob", password)
		require.NoError(t, err)
	}
	require.True(t, v.Remembers("bob", "b:ob"))
	require.False(t, v.Remembers("bob", "guess"))
	require.False(t, v.Remembers("alice", "b:ob"))
	require.False(t, v.Remembers("zoe", "b:ob"))
	require.False(t, v.Remembers("bob", strings.Repeat("b:ob", maxPassword)))
}
