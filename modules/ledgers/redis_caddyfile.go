package ledgers

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddymgw/gateway/modules/mgw"
)

// UnmarshalCaddyfile parses the module. Syntax:
//
//	redis <url...> {
//		cluster
//		master            <name>
//		username          <text>
//		password          <placeholder>
//		sentinel_username <text>
//		sentinel_password <placeholder>
//		prefix            <text>
//		replicas          <number>
//		tls {
//			ca          <file>
//			certificate <file>
//			key         <file>
//			server_name <name>
//		}
//	}
func (r *Redis) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if r.URLs = d.RemainingArgs(); len(r.URLs) == 0 {
		return d.Err("ledger redis wants a URL such as redis://127.0.0.1:6379/0")
	}
	seen := mgw.Once{}
	for d.NextBlock(0) {
		if err := seen.Check(d); err != nil {
			return err
		}
		var err error
		switch option := d.Val(); option {
		case "cluster":
			r.Cluster, err = true, mgw.NoArg(d)
		case "master":
			r.Master, err = mgw.OneArg(d)
		case "username":
			r.Username, err = mgw.OneArg(d)
		case "password":
			r.Password, err = mgw.OneArg(d)
		case "sentinel_username":
			r.SentinelUsername, err = mgw.OneArg(d)
		case "sentinel_password":
			r.SentinelPassword, err = mgw.OneArg(d)
		case "prefix":
			r.Prefix, err = mgw.OneArg(d)
		case "replicas":
			r.Replicas, err = numberArg(d)
		case "tls":
			r.TLS, err = parseTLS(d)
		default:
			err = d.Errf("unrecognized option of ledger redis: %s", option)
		}
		if err != nil {
			return err
		}
	}
	r.SecretsStamp = mgw.Stamp(r.Password, r.SentinelPassword)
	return nil
}

func numberArg(d *caddyfile.Dispenser) (int, error) {
	option := d.Val()
	arg, err := mgw.OneArg(d)
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 {
		return 0, d.Errf("%s wants a number, 0 at least", option)
	}
	return n, nil
}

func parseTLS(d *caddyfile.Dispenser) (*RedisTLS, error) {
	t := new(RedisTLS)
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return nil, err
		}
		option := d.Val()
		to, known := map[string]*string{"ca": &t.CA, "certificate": &t.Certificate, "key": &t.Key, "server_name": &t.ServerName}[option]
		if !known {
			return nil, d.Errf("unrecognized option of tls: %s", option)
		}
		arg, err := mgw.OneArg(d)
		if err != nil {
			return nil, err
		}
		if option != "server_name" {
			arg = mgw.Relative(d, arg)
		}
		*to = arg
	}
	return t, nil
}

// Interface guards
var _ caddyfile.Unmarshaler = (*Redis)(nil)
