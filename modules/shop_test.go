package modules_test

import (
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/modules/internal/harness"
)

// shop is the API of most tests.
const shop = `openapi: 3.1.0
info: {title: Shop, version: 1.0.0}
servers: [{url: https://api.test/shop/v1}]
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-API-Key}
    query: {type: apiKey, in: query, name: apikey}
    cookie: {type: apiKey, in: cookie, name: k}
    login: {type: http, scheme: basic}
    token: {type: oauth2, flows: {clientCredentials: {tokenUrl: https://idp.test/token, scopes: {write: w}}}}
    certificate: {type: mutualTLS}
security: [{header: []}, {query: []}]
paths:
  /public/ping: {get: {operationId: ping, security: []}}
  /public/{rest}: {get: {operationId: rest, security: []}}
  /pets:
    get: {operationId: listPets}
    post: {operationId: addPet, security: [{token: [write]}]}
  /pets/findByStatus: {get: {operationId: find, security: [{login: []}]}}
  /pets/{petId}:
    get: {operationId: getPet}
    put: {operationId: putPet}
  /cookie: {get: {operationId: withCookie, security: [{cookie: []}]}}
  /both: {get: {operationId: both, security: [{header: [], login: []}]}}
  /admin/stats: {get: {operationId: stats, security: [{login: []}]}}
  /roles: {get: {operationId: roles, security: [{login: [chief]}]}}
  /secure/mtls: {get: {operationId: mtls, security: [{certificate: []}]}}
  /optional: {get: {operationId: optional, security: [{}, {header: []}]}}
`

// The passwords are "wonder" and "builder".
const users = `user alice $argon2id$v=19$m=47104,t=1,p=1$vSYqwLCTcow96lBhOHDkPA$9DmzSp3V3038DuyEuGSMmB0/w7z3eNRxW9c8kYbLYlI
		user bob $2a$10$wn7woFbyCfu4bagVs.Ul3uQRp6AIr.4VlmZgVsRRXpv0jXwUkLXai {
			scopes chief clerk
			apis Shop 1.0.0
		}`

const shopCaddyfile = `{
	$GLOBAL
	mgw {
		` + users + `
	}
}

$SITE {
	log
	apikey_issuer
	openapi_auth shop.yaml {
		identity_header X-Auth-User subject
		identity_header X-Auth-Scopes scopes
	}
	reverse_proxy $UPSTREAM
}
`

func startShop(t testing.TB) *harness.Gateway {
	t.Helper()
	return harness.Start(t, shopCaddyfile, map[string]string{"shop.yaml": shop})
}

func login(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

var (
	alice = login("alice", "wonder")
	bob   = login("bob", "builder")
)

// key issues a key to a user.
func key(t testing.TB, g *harness.Gateway, user string) string {
	t.Helper()
	a := g.Get("/apikey", user)
	require.Equal(t, 200, a.Status, a.Body)
	return a.Body
}
