package keyring

import (
	"context"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func clock() time.Time { return start }

// policy is of keys that live for a month, and don't rotate.
func policy(purpose, algorithm string, now func() time.Time) Policy {
	return Policy{Purpose: purpose, Algorithm: algorithm, Lifetime: 10 * time.Minute, Longest: 30 * 24 * time.Hour, Now: now}
}

func open(t testing.TB, s Storage, algorithm string, now func() time.Time) *Ring {
	t.Helper()
	ring, err := Open(t.Context(), s, policy("apikey", algorithm, now))
	require.NoError(t, err)
	return ring
}

// requireVerifies makes sure that what one key signs the other one verifies.
func requireVerifies(t *testing.T, signs, verifies *Key) {
	t.Helper()
	digest := sha256.Sum256([]byte("message"))
	var options crypto.SignerOpts = crypto.SHA256
	if signs.Algorithm == "EdDSA" {
		options = crypto.Hash(0)
	}
	signature, err := signs.Signer.Sign(rand.Reader, digest[:], options)
	require.NoError(t, err)
	switch public := verifies.Signer.Public().(type) {
	case *ecdsa.PublicKey:
		require.True(t, ecdsa.VerifyASN1(public, digest[:], signature))
	case ed25519.PublicKey:
		require.True(t, ed25519.Verify(public, digest[:], signature))
	case *rsa.PublicKey:
		require.NoError(t, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature))
	default:
		t.Fatalf("%T", public)
	}
}

func TestOpenMakesAKeyThatASecondNodeReads(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "ES384", "EdDSA", "RS256", "PS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := newMemory()
			first, second := open(t, s, algorithm, clock), open(t, s, algorithm, clock)
			require.Len(t, s.names(), 1)
			require.Equal(t, algorithm, first.Active(start).Algorithm)
			require.Equal(t, start, first.Active(start).Created)
			require.Regexp(t, `^apikey-[a-z2-7]{26}$`, first.Active(start).ID)
			require.Equal(t, "mgw/keyring/apikey/"+first.Active(start).ID+".json", s.names()[0])
			require.Equal(t, first.Fingerprint(), second.Fingerprint())
			read, ok := second.Lookup(first.Active(start).ID)
			require.True(t, ok)
			require.Equal(t, first.Active(start), read)
			requireVerifies(t, first.Active(start), second.Active(start))
			_, ok = second.Lookup("apikey-unknown")
			require.False(t, ok)
		})
	}
}

func TestOpenTogetherMakesOneKey(t *testing.T) {
	t.Parallel()
	s := newMemory()
	rings := make([]*Ring, 100)
	var wg, waiting sync.WaitGroup
	waiting.Add(len(rings))
	s.before = func(operation, _ string) error {
		if operation == "Lock" { // all have seen that there is none before one is made
			waiting.Done()
			waiting.Wait()
		}
		return nil
	}
	for i := range rings {
		wg.Go(func() { rings[i], _ = Open(t.Context(), s, policy("apikey", "ES256", clock)) })
	}
	wg.Wait()
	require.Len(t, s.names(), 1)
	for _, ring := range rings {
		require.NotNil(t, ring)
		require.Equal(t, rings[0].Fingerprint(), ring.Fingerprint())
	}
}

func TestPurposesShareNothing(t *testing.T) {
	t.Parallel()
	s := newMemory()
	key := open(t, s, "ES256", clock).Active(start)
	other, err := Open(t.Context(), s, policy("cookie", "ES256", clock))
	require.NoError(t, err)
	require.Regexp(t, "^cookie-", other.Active(start).ID)
	_, ok := other.Lookup(key.ID)
	require.False(t, ok)
}

func TestTheNewestOfOldObjectsSigns(t *testing.T) {
	t.Parallel()
	var want string
	s := newMemory()
	for i, age := range []time.Duration{time.Hour, 0, 2 * time.Hour} {
		one := newMemory()
		key := open(t, one, "ES256", func() time.Time { return start.Add(-age) }).Active(start)
		name := one.names()[0]
		s.objects[name] = without(t, one.objects[name], "signs_from")
		if i == 1 {
			want = key.ID
		}
	}
	s.objects["mgw/keyring/apikey/README.txt"] = []byte("not a key")
	ring := open(t, s, "ES256", clock)
	require.Equal(t, want, ring.Active(start).ID)
	for _, k := range ring.Keys() {
		require.Equal(t, k.Created, k.SignsFrom)
	}
}

// without returns an object without a member that it must have.
func without(t *testing.T, content []byte, member string) []byte {
	t.Helper()
	var o map[string]any
	require.NoError(t, json.Unmarshal(content, &o))
	require.Contains(t, o, member)
	delete(o, member)
	content, err := json.Marshal(o)
	require.NoError(t, err)
	return content
}

func TestAnUnsupportedAlgorithmIsRefusedBeforeTheStorageIsAsked(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"", "none", "HS256", "ES512", "es256", "RS384"} {
		_, err := Open(t.Context(), nil, policy("apikey", algorithm, clock))
		require.ErrorContains(t, err, "not supported")
		require.False(t, Supported(algorithm))
		_, err = generate(algorithm)
		require.Error(t, err)
	}
}

// requireKeepsSecret makes sure that an error repeats no part of a key.
func requireKeepsSecret(t *testing.T, err error, secret string) {
	t.Helper()
	for line := range strings.Lines(secret) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "-----") {
			continue
		}
		for i := 0; i+12 <= len(line); i += 4 {
			require.NotContains(t, err.Error(), line[i:i+12])
		}
	}
}

func pkcs8(t testing.TB, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestABadObjectIsAnErrorAndNeverANewKey(t *testing.T) {
	t.Parallel()
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	require.NoError(t, err)
	x25519, err := ecdh.X25519().GenerateKey(rand.Reader)
	require.NoError(t, err)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		change func(*object)
		raw    func(string) string
		want   string
	}{
		"empty":                  {raw: func(string) string { return "" }, want: "not a key object"},
		"cut":                    {raw: func(s string) string { return s[:len(s)-1] }, want: "not a key object"},
		"the PEM alone":          {raw: func(s string) string { return s[strings.Index(s, "-----"):] }, want: "not a key object"},
		"an empty object":        {raw: func(string) string { return "{}" }, want: "not one PKCS #8 key"},
		"a wrong kid":            {change: func(o *object) { o.KeyID += "x" }, want: "kid does not belong"},
		"a foreign algorithm":    {change: func(o *object) { o.Algorithm = "ES512" }, want: "algorithm is not supported"},
		"the key as algorithm":   {change: func(o *object) { o.Algorithm = o.PrivateKey }, want: "algorithm is not supported"},
		"no algorithm":           {change: func(o *object) { o.Algorithm = "" }, want: "algorithm is not supported"},
		"another key's":          {change: func(o *object) { o.Algorithm = "ES384" }, want: "does not fit the key"},
		"no key":                 {change: func(o *object) { o.PrivateKey = "" }, want: "not one PKCS #8 key"},
		"another kind of PEM":    {change: func(o *object) { o.PrivateKey = strings.ReplaceAll(o.PrivateKey, "PRIVATE", "EC PRIVATE") }, want: "not one PKCS #8 key"},
		"text behind the key":    {change: func(o *object) { o.PrivateKey += "x" }, want: "not one PKCS #8 key"},
		"two keys":               {change: func(o *object) { o.PrivateKey += o.PrivateKey }, want: "not one PKCS #8 key"},
		"garbage in PEM":         {change: func(o *object) { o.PrivateKey = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" }, want: "can't be read"},
		"another key":            {change: func(o *object) { o.PrivateKey = pkcs8(t, ed25519.NewKeyFromSeed(make([]byte, 32))) }, want: "does not fit the key"},
		"a key that cannot sign": {change: func(o *object) { o.PrivateKey = pkcs8(t, x25519) }, want: "can't sign"},
		"P-521":                  {change: func(o *object) { o.PrivateKey = pkcs8(t, p521) }, want: "kind is not supported"},
		"RSA of 1024 bits":       {change: func(o *object) { o.PrivateKey, o.Algorithm = pkcs8(t, short), "RS256" }, want: "1024 bits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMemory()
			open(t, s, "ES256", clock)
			where := s.names()[0]
			content := s.objects[where]
			var o object
			require.NoError(t, json.Unmarshal(content, &o))
			secret := o.PrivateKey
			if tc.raw != nil {
				content = []byte(tc.raw(string(content)))
			} else {
				tc.change(&o)
				content, err = json.Marshal(o)
				require.NoError(t, err)
			}
			s.objects[where] = content
			_, err := Open(t.Context(), s, policy("apikey", "ES256", clock))
			require.ErrorContains(t, err, where)
			require.ErrorContains(t, err, tc.want)
			requireKeepsSecret(t, err, secret)
			requireKeepsSecret(t, err, o.PrivateKey)
			require.Equal(t, []string{where}, s.names())
		})
	}
}

func TestAnObjectUnderAWrongNameIsAnError(t *testing.T) {
	t.Parallel()
	s := newMemory()
	open(t, s, "ES256", clock)
	where := s.names()[0]
	moved := path.Dir(where) + "/apikey-other.json"
	s.objects[moved] = s.objects[where]
	_, err := Open(t.Context(), s, policy("apikey", "ES256", clock))
	require.ErrorContains(t, err, moved)
}

func TestErrorsOfTheStorageAreErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	for name, tc := range map[string]struct {
		operation string
		made      bool // there is a key already
		want      string
	}{
		"List":   {operation: "List", want: "listing the signing keys"},
		"Lock":   {operation: "Lock", want: "locking the keyring"},
		"Store":  {operation: "Store", want: "storing a new signing key"},
		"Load":   {operation: "Load", made: true, want: "loading the signing key mgw/keyring/apikey/apikey-"},
		"Unlock": {operation: "Unlock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newMemory()
			if tc.made {
				open(t, s, "ES256", clock)
			}
			s.before = func(operation, _ string) error {
				if operation == tc.operation {
					return broken
				}
				return nil
			}
			_, err := Open(t.Context(), s, policy("apikey", "ES256", clock))
			require.ErrorIs(t, err, broken)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestAKeyThatVanishesWhileItIsReadIsAnError(t *testing.T) {
	t.Parallel()
	s := newMemory()
	open(t, s, "ES256", clock)
	s.before = func(operation, key string) error {
		if operation == "Load" {
			return fs.ErrNotExist
		}
		return nil
	}
	_, err := Open(t.Context(), s, policy("apikey", "ES256", clock))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.Len(t, s.names(), 1)
}

// forgetful is a storage whose listing lags behind.
type forgetful struct{ *memory }

func (forgetful) List(context.Context, string, bool) ([]string, error) { return nil, nil }

func TestAKeyThatIsNotListedIsAnErrorAndNotAnEmptyRing(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), forgetful{newMemory()}, policy("apikey", "ES256", clock))
	require.ErrorContains(t, err, "does not list")
}

// interrupted is a storage whose listing ends in the middle some times, as
// certmagic's does where a file vanishes. If that shows in what is listed, it
// knows of no folders, as other storages do.
type interrupted struct {
	*memory
	times int
	after int
}

func (s *interrupted) List(ctx context.Context, prefix string, recursive bool) ([]string, error) {
	names, err := s.memory.List(ctx, prefix, recursive)
	if s.times--; s.times >= 0 {
		return names[:s.after], fs.ErrNotExist
	}
	return names, err
}

func (s *interrupted) Exists(ctx context.Context, key string) bool {
	return s.after == 0 && s.memory.Exists(ctx, key)
}

func TestAListingThatEndsInTheMiddleIsReadAgain(t *testing.T) {
	t.Parallel()
	s := newMemory()
	open(t, s, "ES256", clock)
	want := open(t, s, "EdDSA", clock)
	for after := range 2 {
		ring, err := Open(t.Context(), &interrupted{s, 1, after}, policy("apikey", "EdDSA", clock))
		require.NoError(t, err)
		require.Equal(t, want.Fingerprint(), ring.Fingerprint())
		_, err = Open(t.Context(), &interrupted{s, 100, after}, policy("apikey", "EdDSA", clock))
		require.ErrorContains(t, err, "listing the signing keys")
	}
	require.Len(t, s.names(), 2)
}

func TestACancelledOwnerStillUnlocks(t *testing.T) {
	t.Parallel()
	s := newMemory()
	ctx, cancel := context.WithCancel(t.Context())
	s.before = func(operation, _ string) error {
		if operation == "Store" {
			cancel()
		}
		return nil
	}
	_, err := Open(ctx, s, policy("apikey", "ES256", clock))
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, s.lock("mgw_keyring_apikey"), "the lock is still held")
	require.Empty(t, s.names())
	s.before = nil
	open(t, s, "ES256", clock)
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := newMemory()
	require.NoError(t, s.Lock(t.Context(), "mgw_keyring_apikey"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := Open(ctx, s, policy("apikey", "ES256", clock))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Len(t, s.lock("mgw_keyring_apikey"), 1, "it unlocked what it had not locked")
}
