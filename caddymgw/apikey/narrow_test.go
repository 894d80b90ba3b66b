package apikey

import (
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	pets1   = AllowedAPI{"Petstore", "1.0"}
	pets2   = AllowedAPI{"Petstore", "2.0"}
	petsAll = AllowedAPI{"Petstore", "*"}
	shop    = AllowedAPI{"Shop", "1.0"}
)

func TestNarrow(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		bound, asked, want []AllowedAPI
		member             string
	}{
		"nothing asked of nothing":       {},
		"nothing asked is the bound":     {bound: []AllowedAPI{pets1, shop}, want: []AllowedAPI{pets1, shop}},
		"no bound is every API":          {asked: []AllowedAPI{petsAll}, want: []AllowedAPI{petsAll}},
		"one of the bound":               {bound: []AllowedAPI{pets1, shop}, asked: []AllowedAPI{shop}, want: []AllowedAPI{shop}},
		"a version of all":               {bound: []AllowedAPI{petsAll}, asked: []AllowedAPI{pets2}, want: []AllowedAPI{pets2}},
		"all of all":                     {bound: []AllowedAPI{petsAll}, asked: []AllowedAPI{petsAll}, want: []AllowedAPI{petsAll}},
		"all versions of one":            {bound: []AllowedAPI{pets1}, asked: []AllowedAPI{petsAll}, member: "apis[0]"},
		"another version":                {bound: []AllowedAPI{pets1}, asked: []AllowedAPI{pets1, pets2}, member: "apis[1]"},
		"another name in every version":  {bound: []AllowedAPI{petsAll}, asked: []AllowedAPI{shop}, member: "apis[0]"},
		"the name is exact":              {bound: []AllowedAPI{petsAll}, asked: []AllowedAPI{{"petstore", "1.0"}}, member: "apis[0]"},
		"an asterisk is no name for all": {bound: []AllowedAPI{{"*", "*"}}, asked: []AllowedAPI{shop}, member: "apis[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Narrow(tc.bound, tc.asked)
			require.Equal(t, tc.want, got)
			requireMember(t, tc.member, err)
		})
	}
}

func TestNarrowScopes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		bound, asked, want []string
		member             string
	}{
		"nothing asked of nothing":    {},
		"nothing asked is the bound":  {bound: []string{"read", "write"}, want: []string{"read", "write"}},
		"no bound is no scope":        {asked: []string{"read"}, member: "scopes[0]"},
		"one of the bound":            {bound: []string{"read", "write"}, asked: []string{"write"}, want: []string{"write"}},
		"one more than the bound":     {bound: []string{"read"}, asked: []string{"read", "write"}, member: "scopes[1]"},
		"an asterisk is an own scope": {bound: []string{"*"}, asked: []string{"read"}, member: "scopes[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := NarrowScopes(tc.bound, tc.asked)
			require.Equal(t, tc.want, got)
			requireMember(t, tc.member, err)
		})
	}
}

func requireMember(t *testing.T, member string, err error) {
	t.Helper()
	if member == "" {
		require.NoError(t, err)
		return
	}
	var refusal *GrantError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, member, refusal.Member)
}

func TestIntersect(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a, b, want []AllowedAPI
		none       bool
	}{
		"every API":               {},
		"a bound and every API":   {a: []AllowedAPI{pets1}, want: []AllowedAPI{pets1}},
		"equal":                   {a: []AllowedAPI{pets1, shop}, b: []AllowedAPI{shop, pets1}, want: []AllowedAPI{pets1, shop}},
		"a version and all":       {a: []AllowedAPI{pets1, pets2}, b: []AllowedAPI{petsAll}, want: []AllowedAPI{pets1, pets2}},
		"all and all":             {a: []AllowedAPI{petsAll}, b: []AllowedAPI{petsAll}, want: []AllowedAPI{petsAll}},
		"what only one has goes":  {a: []AllowedAPI{petsAll, shop}, b: []AllowedAPI{pets2}, want: []AllowedAPI{pets2}},
		"two versions share none": {a: []AllowedAPI{pets1}, b: []AllowedAPI{pets2}, none: true},
		"two names share none":    {a: []AllowedAPI{petsAll}, b: []AllowedAPI{shop}, none: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, bounds := range [][2][]AllowedAPI{{tc.a, tc.b}, {tc.b, tc.a}} {
				got, ok := Intersect(bounds[0], bounds[1])
				require.Equal(t, !tc.none, ok)
				require.ElementsMatch(t, tc.want, got)
			}
		})
	}
}
