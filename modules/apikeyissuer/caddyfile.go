package apikeyissuer

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/caddymgw/gateway/modules/mgw"
)

func init() {
	httpcaddyfile.RegisterDirective("apikey_issuer", parse)
	httpcaddyfile.RegisterDirectiveOrder("apikey_issuer", httpcaddyfile.After, "try_files")
}

// parse parses the directive. It takes no matcher: path says where it answers.
// Syntax:
//
//	apikey_issuer {
//		path       <path>
//		validity   <duration>
//		api        <name> [<version...>]
//		users      <name...>
//		allow_http
//	}
func parse(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	d := h.Dispenser
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return nil, err
	}
	handler := new(Handler)
	seen := mgw.Once{}
	for d.NextBlock(0) {
		option := d.Val()
		if option != "api" {
			if err := seen.Check(d); err != nil {
				return nil, err
			}
		}
		var err error
		switch option {
		case "path":
			handler.Path, err = mgw.OneArg(d)
		case "validity":
			handler.Validity, err = mgw.DurationArg(d)
		case "api":
			var api mgw.API
			api, err = mgw.ParseAPI(d)
			handler.APIs = append(handler.APIs, api)
		case "users":
			handler.Users = d.RemainingArgs()
			if len(handler.Users) == 0 {
				err = d.ArgErr()
			}
		case "allow_http":
			handler.AllowHTTP, err = true, mgw.NoArg(d)
		default:
			err = d.Errf("unrecognized option of apikey_issuer: %s", option)
		}
		if err != nil {
			return nil, err
		}
	}
	return h.NewRoute(nil, handler), nil
}
