// Package gateway is caddymgw: an API micro-gateway made of Caddy plugins. It
// is what `xcaddy build --with github.com/caddymgw/gateway` names: importing
// it registers every module.
//
// The core, which imports no Caddy, is package caddymgw; read its doc.go first.
package gateway

import (
	_ "github.com/caddymgw/gateway/modules/admin"
	_ "github.com/caddymgw/gateway/modules/apikeyissuer"
	_ "github.com/caddymgw/gateway/modules/command"
	_ "github.com/caddymgw/gateway/modules/ledgers"
	_ "github.com/caddymgw/gateway/modules/logfilter"
	_ "github.com/caddymgw/gateway/modules/mgw"
	_ "github.com/caddymgw/gateway/modules/openapiadapter"
	_ "github.com/caddymgw/gateway/modules/openapiauth"
	_ "github.com/caddymgw/gateway/modules/openapicors"
	_ "github.com/caddymgw/gateway/modules/openapigateway"
	_ "github.com/caddymgw/gateway/modules/openapivalidate"
	_ "github.com/caddymgw/gateway/modules/verifiers"
)
