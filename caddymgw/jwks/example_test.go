package jwks_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/caddymgw/gateway/caddymgw/jwks"
)

func ExampleRemote() {
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	}))
	defer issuer.Close()

	remote, err := jwks.New(jwks.Config{Issuer: "https://idp.example.com", URL: issuer.URL + "/jwks"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := remote.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}
	defer remote.Close()
	for _, kid := range []string{"k1", "k2"} {
		keys, err := remote.Find(ctx, kid, "EdDSA")
		fmt.Println(kid, len(keys), err)
	}
	// Output:
	// k1 1 <nil>
	// k2 0 <nil>
}

func ExampleFromFile() {
	_, err := jwks.FromFile([]byte(`{"kty":"RSA","n":"vw","e":"AQAB"}`))
	fmt.Println(err)
	// Output: its modulus has 8 bits: 2048 to 8192 are safe and bearable
}

func ExampleCheckURL() {
	fmt.Println(jwks.CheckURL("https://idp.example.com/jwks"))
	fmt.Println(jwks.CheckURL("http://idp.example.com/jwks"))
	// Output:
	// <nil>
	// http is for loopback addresses only: use https
}
