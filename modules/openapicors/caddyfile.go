package openapicors

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("openapi_cors", parse)
	httpcaddyfile.RegisterDirectiveOrder("openapi_cors", httpcaddyfile.After, "uri")
}

// parse parses the directive. Syntax:
//
//	openapi_cors <document> {
//		allow_origins  <origin...>
//		allow_methods  <method...>
//		allow_headers  <name...>
//		expose_headers <name...>
//		allow_credentials
//		max_age        <duration>
//	}
func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	d := h.Dispenser
	d.Next()
	handler := new(Handler)
	if !d.AllArgs(&handler.Document) {
		return nil, d.Err("openapi_cors wants the OpenAPI document that openapi_auth has")
	}
	handler.Document = mgw.Relative(d, handler.Document)
	lists := map[string]*[]string{
		"allow_origins": &handler.AllowOrigins, "allow_methods": &handler.AllowMethods,
		"allow_headers": &handler.AllowHeaders, "expose_headers": &handler.ExposeHeaders,
	}
	seen := mgw.Once{}
	for d.NextBlock(0) {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		var err error
		option := d.Val()
		switch {
		case lists[option] != nil:
			if *lists[option] = d.RemainingArgs(); len(*lists[option]) == 0 {
				err = d.ArgErr()
			}
		case option == "allow_credentials":
			handler.AllowCredentials, err = true, mgw.NoArg(d)
		case option == "max_age":
			handler.MaxAge, err = mgw.DurationArg(d)
		default:
			err = d.Errf("unrecognized option of openapi_cors: %s", option)
		}
		if err != nil {
			return nil, err
		}
	}
	return handler, nil
}
