package apikey

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

func TestAllowedAPIs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		apis     []AllowedAPI
		required bool
		allowed  bool
	}{
		"this one":                      {apis: []AllowedAPI{{"Petstore", "1.0"}}, allowed: true},
		"this one in every version":     {apis: []AllowedAPI{{"Petstore", "*"}}, allowed: true},
		"this one among others":         {apis: []AllowedAPI{{"Shop", "*"}, {"Petstore", "1.0"}}, required: true, allowed: true},
		"another version":               {apis: []AllowedAPI{{"Petstore", "1.0.0"}}},
		"part of the version":           {apis: []AllowedAPI{{"Petstore", "1.*"}}},
		"another name":                  {apis: []AllowedAPI{{"Shop", "1.0"}}},
		"the name in lower case":        {apis: []AllowedAPI{{"petstore", "*"}}},
		"every name is no name":         {apis: []AllowedAPI{{"*", "*"}}},
		"none listed":                   {allowed: true},
		"none listed, but one required": {required: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, func(c *Config) { c.RequireListedAPIs = tc.required })
			text := d.mint(t, Grant{APIs: tc.apis}).Token
			for range 2 {
				if tc.allowed {
					d.requireGood(t, text)
				} else {
					d.requireRefused(t, text, caddymgw.ReasonAPI)
				}
			}
		})
	}
}

func TestLimitsOfUse(t *testing.T) {
	t.Parallel()
	from := func(address string) func(*caddymgw.Request) {
		return func(r *caddymgw.Request) { r.Client = netip.MustParseAddr(address) }
	}
	by := func(lines ...string) func(*caddymgw.Request) {
		return func(r *caddymgw.Request) { r.HTTP.Header["Referer"] = lines }
	}
	unknown := func(r *caddymgw.Request) { r.Client = netip.Addr{} }
	nameless := func(r *caddymgw.Request) { r.Operation.ID = "" }
	here := func(*caddymgw.Request) {}
	const (
		ok        = caddymgw.ReasonNone
		operation = caddymgw.ReasonOperation
		address   = caddymgw.ReasonAddress
		referer   = caddymgw.ReasonReferer
	)
	app := Grant{Referers: []string{"https://example.com/app/*"}}
	below := Grant{Referers: []string{"*.example.com"}}
	port := Grant{Referers: []string{"Example.com:8443"}}
	for name, tc := range map[string]struct {
		grant  Grant
		change func(*caddymgw.Request)
		reason caddymgw.Reason
	}{
		"its operation":                  {Grant{Operations: []string{"addPet", "getPet"}}, here, ok},
		"another operation":              {Grant{Operations: []string{"getpet", "addPet"}}, here, operation},
		"an operation without an id":     {Grant{Operations: []string{"getPet"}}, nameless, operation},
		"its network":                    {Grant{Addresses: []string{"192.0.2.0/24"}}, here, ok},
		"its network, written loosely":   {Grant{Addresses: []string{"192.0.2.77/24"}}, here, ok},
		"its address":                    {Grant{Addresses: []string{"10.0.0.1", "192.0.2.1"}}, here, ok},
		"its address, mapped":            {Grant{Addresses: []string{"::ffff:192.0.2.1"}}, here, ok},
		"a client that is mapped":        {Grant{Addresses: []string{"192.0.2.0/24"}}, from("::ffff:192.0.2.9"), ok},
		"the next address":               {Grant{Addresses: []string{"192.0.2.1"}}, from("192.0.2.2"), address},
		"another network":                {Grant{Addresses: []string{"192.0.2.0/24"}}, from("192.0.3.1"), address},
		"every IPv4 address":             {Grant{Addresses: []string{"0.0.0.0/0"}}, here, ok},
		"every IPv6 address is no IPv4":  {Grant{Addresses: []string{"::/0"}}, here, address},
		"every IPv6 address, mapped":     {Grant{Addresses: []string{"::/0"}}, from("::ffff:192.0.2.1"), address},
		"its IPv6 network":               {Grant{Addresses: []string{"2001:db8::/32"}}, from("2001:db8:ffff::1"), ok},
		"its IPv6 address":               {Grant{Addresses: []string{"2001:DB8:0::1"}}, from("2001:db8::1"), ok},
		"another IPv6 network":           {Grant{Addresses: []string{"2001:db8::/32"}}, from("2001:db9::1"), address},
		"a client of an IPv6 zone":       {Grant{Addresses: []string{"fe80::/10"}}, from("fe80::1%eth0"), ok},
		"an unknown client":              {Grant{Addresses: []string{"0.0.0.0/0", "::/0"}}, unknown, address},
		"an unknown client, unlimited":   {Grant{}, unknown, ok},
		"its page":                       {app, by("https://example.com/app"), ok},
		"its page over http":             {app, by("http://EXAMPLE.com/app/"), ok},
		"below its page":                 {app, by("https://example.com/app/x?y#z"), ok},
		"half a segment more":            {app, by("https://example.com/apple"), referer},
		"above its page":                 {app, by("https://example.com/"), referer},
		"its page in another case":       {app, by("https://example.com/App"), referer},
		"its page of another host":       {app, by("https://evil.test/app"), referer},
		"its page as a user":             {app, by("https://example.com@evil.test/app"), referer},
		"its page as a query":            {app, by("https://evil.test/?https://example.com/app"), referer},
		"its page as a path":             {app, by("https://evil.test/example.com/app"), referer},
		"another port":                   {app, by("https://example.com:8443/app"), referer},
		"another scheme":                 {app, by("ftp://example.com/app"), referer},
		"no scheme":                      {app, by("//example.com/app"), referer},
		"no host":                        {app, by("https:///app"), referer},
		"no URL":                         {app, by("https://%zz/app"), referer},
		"no Referer":                     {app, here, referer},
		"an empty Referer":               {app, by(""), referer},
		"two Referers":                   {app, by("https://example.com/app", "https://example.com/app"), referer},
		"a host below":                   {below, by("https://a.b.example.com"), ok},
		"the domain itself is not below": {below, by("https://example.com/"), referer},
		"a host that ends alike":         {below, by("https://evilexample.com/"), referer},
		"a host that goes on":            {below, by("https://a.example.com.evil.test/"), referer},
		"its port":                       {port, by("https://example.com:8443/any"), ok},
		"no port":                        {port, by("https://example.com/any"), referer},
		"all limits":                     {full, by("https://www.example.com/app/1"), ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, nil)
			text := d.mint(t, tc.grant).Token
			r := request()
			tc.change(r)
			for range 2 {
				v := d.judge(t, text, r)
				require.Equal(t, tc.reason, v.Reason)
				require.NotNil(t, v.Principal)
				if tc.reason == ok {
					require.Equal(t, caddymgw.Satisfied, v.Outcome)
					continue
				}
				require.Equal(t, caddymgw.Forbidden, v.Outcome)
				require.Equal(t, fault.AccessDenied, v.Fault)
				require.Equal(t, 403, v.Fault.Status())
			}
		})
	}
}

func TestLimitsThatCannotBeReadAreNotPassedOver(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	api := members{"name": "Petstore", "version": "*"}
	for name, claims := range map[string]members{
		"allowedAPIs absent":                {"allowedAPIs": absent{}},
		"allowedAPIs null":                  {"allowedAPIs": nil},
		"allowedAPIs an object":             {"allowedAPIs": api},
		"allowedAPIs a list of names":       {"allowedAPIs": []string{"Petstore"}},
		"allowedAPIs with null":             {"allowedAPIs": []any{api, nil}},
		"allowedAPIs without a version":     {"allowedAPIs": []any{members{"name": "Petstore"}}},
		"allowedAPIs with a number":         {"allowedAPIs": []any{members{"name": "Petstore", "version": 1}}},
		"allowedAPIs in another case":       {"allowedAPIs": []any{members{"Name": "Petstore", "Version": "*"}}},
		"scope a list":                      {"scope": []string{"read"}},
		"scope null":                        {"scope": nil},
		"operations a string":               {"operations": "getPet"},
		"operations an empty list":          {"operations": []string{}},
		"operations with an empty name":     {"operations": []string{"getPet", ""}},
		"operations with a number":          {"operations": []any{"getPet", 1}},
		"operations null":                   {"operations": nil},
		"permittedIPs a string":             {"permittedIPs": "192.0.2.1"},
		"permittedIPs an empty list":        {"permittedIPs": []string{}},
		"permittedIPs with a number":        {"permittedIPs": []any{"192.0.2.1", 1}},
		"permittedIPs with a host":          {"permittedIPs": []string{"192.0.2.1", "example.com"}},
		"permittedIPs an object":            {"permittedIPs": members{"192.0.2.1": true}},
		"permittedReferers a string":        {"permittedReferers": "example.com"},
		"permittedReferers an empty list":   {"permittedReferers": []string{}},
		"permittedReferers with every host": {"permittedReferers": []string{"example.com", "*"}},
		"permittedReferers with a list":     {"permittedReferers": []any{[]string{"example.com"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := d.forge(t, nil, claims, nil)
			for range 2 {
				d.requireRefused(t, text, caddymgw.ReasonClaims)
			}
		})
	}
}
