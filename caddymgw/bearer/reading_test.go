package bearer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
)

func TestTheSubject(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	for name, tc := range map[string]struct {
		claims members
		want   string // "": refused
	}{
		"sub":                              {members{"sub": "alice", "client_id": "app", "azp": "spa"}, "alice"},
		"client_id":                        {members{"sub": absent{}, "client_id": "app", "azp": "spa"}, "app"},
		"azp":                              {members{"sub": absent{}, "client_id": absent{}, "azp": "spa"}, "spa"},
		"none":                             {members{"sub": absent{}, "client_id": absent{}}, ""},
		"username is for introspection":    {members{"sub": absent{}, "client_id": absent{}, "username": "alice"}, ""},
		"an empty sub is not passed over":  {members{"sub": "", "client_id": "app"}, ""},
		"an empty client_id":               {members{"sub": absent{}, "client_id": "", "azp": "spa"}, ""},
		"client_id a list":                 {members{"sub": absent{}, "client_id": []string{"app"}}, ""},
		"client_id null":                   {members{"sub": absent{}, "client_id": nil}, ""},
		"sub a number":                     {members{"sub": 1}, ""},
		"sub null":                         {members{"sub": nil}, ""},
		"what is behind sub is not judged": {members{"client_id": 1}, "alice"},
		"odd characters stay":              {members{"sub": "a\r\nb\x00,{env.PATH}é"}, "a\r\nb\x00,{env.PATH}é"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := d.forge(t, nil, tc.claims)
			if tc.want == "" {
				d.requireNever(t, text, caddymgw.ReasonClaims)
				return
			}
			require.Equal(t, tc.want, d.requireGood(t, text).Subject)
		})
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config func(*Issuer)
		claims members
		want   []string
		bad    bool
	}{
		"a string":                     {claims: members{"scope": "a b"}, want: []string{"a", "b"}},
		"a list":                       {claims: members{"scope": []string{"a", "b"}}, want: []string{"a", "b"}},
		"scp":                          {claims: members{"scope": absent{}, "scp": "a"}, want: []string{"a"}},
		"the union, each once":         {claims: members{"scope": "a b", "scp": []string{"b", "c"}}, want: []string{"a", "b", "c"}},
		"many spaces":                  {claims: members{"scope": "  a   b "}, want: []string{"a", "b"}},
		"only a space parts":           {claims: members{"scope": "a\tb\u00a0c"}, want: []string{"a\tb\u00a0c"}},
		"a list of such strings":       {claims: members{"scope": []string{"a b", "c"}}, want: []string{"a", "b", "c"}},
		"an empty string":              {claims: members{"scope": ""}},
		"an empty list":                {claims: members{"scope": []string{}}},
		"none":                         {claims: members{"scope": absent{}}},
		"a number":                     {claims: members{"scope": 1}, bad: true},
		"null":                         {claims: members{"scope": nil}, bad: true},
		"an object":                    {claims: members{"scope": members{"a": true}}, bad: true},
		"a list with a number":         {claims: members{"scope": []any{"a", 1}}, bad: true},
		"one of two is bad":            {claims: members{"scp": true}, bad: true},
		"another claim":                {config: func(i *Issuer) { i.ScopeClaims = []string{"permissions"} }, claims: members{"permissions": []string{"a"}}, want: []string{"a"}},
		"scope is one claim of many":   {config: func(i *Issuer) { i.ScopeClaims = []string{"permissions"} }, claims: members{"scope": 1}},
		"a name for the document":      {config: func(i *Issuer) { i.ScopeMap = map[string]string{"a": "pets:read"} }, claims: members{"scope": "a b"}, want: []string{"pets:read", "b"}},
		"the token's name is gone":     {config: func(i *Issuer) { i.ScopeMap = map[string]string{"a": "b", "b": "c"} }, claims: members{"scope": "a b"}, want: []string{"b", "c"}},
		"two names become one":         {config: func(i *Issuer) { i.ScopeMap = map[string]string{"a": "c", "b": "c"} }, claims: members{"scope": "a b c"}, want: []string{"c"}},
		"a scope that is dropped":      {config: func(i *Issuer) { i.ScopeMap = map[string]string{"a": ""} }, claims: members{"scope": "a b"}, want: []string{"b"}},
		"a scope claim that is a path": {config: func(i *Issuer) { i.ScopeClaims = []string{"x.y"} }, claims: members{"x": members{"y": "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			if tc.config != nil {
				d = newDesk(t, issuerOf(tc.config))
			}
			text := d.forge(t, nil, tc.claims)
			if tc.bad {
				d.requireNever(t, text, caddymgw.ReasonClaims)
				return
			}
			require.Equal(t, tc.want, d.requireGood(t, text).Scopes)
		})
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	nested := members{"realm_access": members{"roles": []string{"admin"}, "a.b": "c"}}
	for name, tc := range map[string]struct {
		claim  string
		claims members
		want   []string
	}{
		"roles":                       {"", members{"roles": []string{"admin", "user"}}, []string{"admin", "user"}},
		"one string is one role":      {"", members{"roles": "site admin"}, []string{"site admin"}},
		"none":                        {"", nil, nil},
		"an empty string":             {"", members{"roles": ""}, nil},
		"another form is none":        {"", members{"roles": members{"admin": true}}, nil},
		"a list with a number":        {"", members{"roles": []any{"admin", 1}}, nil},
		"another claim":               {"groups", members{"groups": []string{"a"}, "roles": []string{"b"}}, []string{"a"}},
		"a path":                      {"realm_access.roles", nested, []string{"admin"}},
		"a path to a name with dots":  {"realm_access.a.b", nested, []string{"c"}},
		"a path to nowhere":           {"realm_access.groups", nested, nil},
		"a path through a string":     {"sub.roles", nil, nil},
		"a path with an empty name":   {".roles", members{"roles": []string{"a"}}, nil},
		"a name that looks like one":  {"https://idp.test/roles", members{"https://idp.test/roles": []string{"a"}}, []string{"a"}},
		"the name goes before a path": {"a.b", members{"a.b": "x", "a": members{"b": "y"}}, []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, issuerOf(func(i *Issuer) { i.RolesClaim = tc.claim }))
			require.Equal(t, tc.want, d.requireGood(t, d.forge(t, nil, tc.claims)).Roles)
		})
	}
}
