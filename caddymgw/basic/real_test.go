package basic

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	xbcrypt "golang.org/x/crypto/bcrypt"
)

// genuine compares as Caddy's modules do.
type genuine struct{}

func (genuine) Compare(hash, plaintext []byte) (bool, error) {
	parts := strings.Split(string(hash), "$")
	if parts[1] != "argon2id" {
		err := xbcrypt.CompareHashAndPassword(hash, plaintext)
		if errors.Is(err, xbcrypt.ErrMismatchedHashAndPassword) {
			return false, nil
		}
		return err == nil, err
	}
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, err
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, err
	}
	digest, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, err
	}
	computed := argon2.IDKey(plaintext, salt, passes, memory, lanes, uint32(len(digest)))
	return subtle.ConstantTimeCompare(computed, digest) == 1, nil
}

// Hashing is slow, the more so under the race detector: these two hashes are
// the cheapest that pass.
func TestRealHashes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", maxBcryptPassword/2)
	hash, err := xbcrypt.GenerateFromPassword([]byte(long), minBcryptCost)
	require.NoError(t, err)
	digest := argon2.IDKey([]byte("pass:wörd"), []byte("saltsaltsaltsalt"), 1, minWork, 1, 32)
	file := "# made by htpasswd -B, and by caddy hash-password\n" +
		"alice:$2y$" + strings.TrimPrefix(string(hash), "$2a$") + "\n" +
		"bob:$argon2id$v=19$m=32768,t=1,p=1$" + argonSalt + "$" + base64.RawStdEncoding.EncodeToString(digest) + "\n"
	users, err := ParseHtpasswd(strings.NewReader(file), "users")
	require.NoError(t, err)
	for _, u := range users {
		t.Run(u.Name, func(t *testing.T) {
			t.Parallel()
			v, err := New(Config{Users: []User{u}, Compare: func([]byte) (Comparer, error) { return genuine{}, nil }})
			require.NoError(t, err)
			password := map[string]string{"alice": long, "bob": "pass:wörd"}[u.Name]
			for name, tc := range map[string]struct {
				user, password string
				ok             bool
			}{
				"right":   {u.Name, password, true},
				"longer":  {u.Name, password + "x", false},
				"unknown": {"eve", password, false},
			} {
				ok, err := v.Authenticate(t.Context(), tc.user, tc.password)
				require.NoError(t, err, name)
				require.Equal(t, tc.ok, ok, name)
			}
		})
	}
}
