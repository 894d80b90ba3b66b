package fault_test

import (
	"fmt"

	"github.com/caddymgw/gateway/caddymgw/fault"
)

func ExampleStyle_Body() {
	body, contentType := fault.Problem.Body(fault.NotFound, "")
	fmt.Println(contentType)
	fmt.Println(string(body))
	// Output:
	// application/problem+json
	// {"type":"about:blank","title":"Not Found","status":404,"detail":"No matching resource found for given API Request","code":404}
}

func ExampleBearerChallenge() {
	fmt.Println(fault.BearerChallenge("Pets", "insufficient_scope", "pets:read pets:write"))
	// Output: Bearer realm="Pets", error="insufficient_scope", scope="pets:read pets:write"
}
