package customverifier

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
)

func TestUnmarshalCaddyfile(t *testing.T) {
	for name, tc := range map[string]struct {
		input string
		want  SignedLink
		err   string
	}{
		"all options": {
			"signed_link {\n key web {env.WEB}\n key shop {env.SHOP} printer reader\n longest 1h\n}",
			SignedLink{Keys: []Key{{Name: "web", Secret: "{env.WEB}"}, {Name: "shop", Secret: "{env.SHOP}", Roles: []string{"printer", "reader"}}}, Longest: caddy.Duration(time.Hour)},
			"",
		},
		"an argument":    {input: "signed_link web", err: "takes no argument"},
		"a key alone":    {input: "signed_link {\n key web\n}", err: "key wants a name and a secret"},
		"no duration":    {input: "signed_link {\n longest soon\n}", err: "soon is not a duration"},
		"longest twice":  {input: "signed_link {\n longest 1h\n longest 2h\n}", err: "longest is given twice"},
		"something else": {input: "signed_link {\n shortest 1h\n}", err: "unrecognized option of signed_link: shortest"},
	} {
		var v SignedLink
		err := v.UnmarshalCaddyfile(caddyfile.NewTestDispenser(tc.input))
		if tc.err == "" && (err != nil || !reflect.DeepEqual(v, tc.want)) {
			t.Errorf("%s: %v, %+v", name, err, v)
		}
		if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProvisionRefuses(t *testing.T) {
	t.Setenv("GOOD", strings.Repeat("x", minSecret))
	t.Setenv("SHORT", "hunter2")
	for name, tc := range map[string]struct {
		module SignedLink
		want   string
	}{
		"no key":               {SignedLink{}, "no key is named"},
		"a negative life":      {SignedLink{Keys: []Key{{Name: "web", Secret: "{env.GOOD}"}}, Longest: -1}, "must be above 0"},
		"no name":              {SignedLink{Keys: []Key{{Secret: "{env.GOOD}"}}}, "the name is empty"},
		"a name with a dot":    {SignedLink{Keys: []Key{{Name: "a.b", Secret: "{env.GOOD}"}}}, "can't stand in a ticket"},
		"twice":                {SignedLink{Keys: []Key{{Name: "web", Secret: "{env.GOOD}"}, {Name: "web", Secret: "{env.GOOD}"}}}, "key web is given twice"},
		"a secret in the open": {SignedLink{Keys: []Key{{Name: "web", Secret: "hunter2"}}}, "can be read at the admin API"},
		"none at all":          {SignedLink{Keys: []Key{{Name: "web", Secret: "{env.NOWHERE}"}}}, "key web: the secret"},
		"a short one":          {SignedLink{Keys: []Key{{Name: "web", Secret: "{env.SHORT}"}}}, "fewer than 32 bytes"},
	} {
		err := tc.module.Provision(caddy.Context{Context: context.Background()})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is in the error", name)
		}
	}
}

func TestCheckScheme(t *testing.T) {
	for _, tc := range []struct {
		typ  caddymgw.SchemeType
		in   credential.In
		good bool
	}{
		{caddymgw.APIKey, credential.Query, true},
		{caddymgw.APIKey, credential.Header, false},
		{caddymgw.HTTP, credential.Header, false},
	} {
		err := new(SignedLink).CheckScheme(&caddymgw.Scheme{Type: tc.typ, Place: credential.Place{In: tc.in, Name: "ticket"}})
		if (err == nil) != tc.good {
			t.Errorf("%s in %s: %v", tc.typ, tc.in, err)
		}
	}
}
