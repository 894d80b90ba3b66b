package lint

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScopesThatDifferInHowMuchTheyAllow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b string
		want bool
	}{
		"read and write":       {"read:pets", "write:pets", true},
		"behind":               {"pets.read", "pets.write", true},
		"alone":                {"read", "write", true},
		"one and more":         {"repository", "repository:admin", true},
		"URLs":                 {"https://www.googleapis.com/auth/drive", "https://www.googleapis.com/auth/drive.readonly", true},
		"letters":              {"Pets.Read", "pets.write", true},
		"of other things":      {"read:pets", "write:users", false},
		"in other words":       {"pets", "users", false},
		"the same":             {"read:pets", "read:pets", false},
		"the same but letters": {"pets", "PETS", false},
		"part of a word":       {"pets:reader", "pets:writer", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, alike(tc.a, tc.b))
			require.Equal(t, tc.want, alike(tc.b, tc.a))
		})
	}
}
