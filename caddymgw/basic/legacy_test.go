package basic

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLegacyHashes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ hash, password string }{
		"SHA-1":            {"5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password"},
		"SHA-1 of 3.0":     {"5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8", "password"},
		"SHA-256":          {"@sha256:{5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8}", "password"},
		"SHA-384":          {"@sha384:{a8b64babd0aca91a59bdbb7761b421d4f2bb38280d3a75ba0f21f2bebc45583d446c598660c94ce680c47d19c30783a7}", "password"},
		"SHA-512":          {"@sha512:{bc547750b92797f955b36112cc9bdd5cddf7d0862151d03a167ada8995aa24a9ad24610b36a68bc02da24141ee51670aea13ed6469099a4453f335cb239db5da}", "password1"},
		"in capitals, too": {"@sha256:{5E884898DA28047151D0E56F8DC6292773603D0D6AABBDD62A11EF721D1542D8}", "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			users := []User{{Name: "alice", Hash: []byte(tc.hash)}}
			_, err := New(Config{Users: users})
			require.ErrorIs(t, err, errLegacy)
			require.NotContains(t, err.Error(), "5")
			v, err := New(Config{Users: users, LegacyHashes: true})
			require.NoError(t, err)
			for password, want := range map[string]bool{tc.password: true, "Password": false, "": false, tc.hash: false, tc.password + "\x00": false} {
				ok, err := v.Authenticate(t.Context(), "alice", password)
				require.NoError(t, err)
				require.Equal(t, want, ok, password)
			}
			ok, err := v.Authenticate(t.Context(), "nobody", tc.password)
			require.NoError(t, err)
			require.False(t, ok)
		})
	}
	for _, hash := range []string{"@sha256:{}", "@sha256:{5e88}", "@md5:{5f4dcc3b5aa765d61d8327deb882cf99}", "@sha256:5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "password", ""} {
		_, err := New(Config{Users: []User{{Name: "alice", Hash: []byte(hash)}}, LegacyHashes: true})
		require.Error(t, err, hash)
	}
}
