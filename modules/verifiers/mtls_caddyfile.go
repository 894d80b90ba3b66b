package verifiers

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddytls"

	"github.com/caddymgw/gateway/modules/mgw"
)

// UnmarshalCaddyfile parses the module. Relative files of trust_pool are
// relative to the Caddyfile. Syntax:
//
//	mtls {
//		common_name  <glob...>
//		sans         <glob...>
//		issuers      <name|pin...>
//		fingerprints <pin...>
//		header <name> {
//			common_name  <glob...>
//			sans         <glob...>
//			issuers      <name|pin...>
//			fingerprints <pin...>
//			trust_pool   file <pem...> | <module> ...
//		}
//	}
func (v *MTLS) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if err := mgw.NoArg(d); err != nil {
		return err
	}
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return err
		}
		known, err := v.parseOption(d)
		if !known && d.Val() == "header" {
			known, err = true, v.parseHeader(d)
		}
		if err != nil {
			return err
		}
		if !known {
			return d.Errf("unrecognized option of mtls: %s", d.Val())
		}
	}
	return nil
}

// parseOption parses one of the four lists.
func (c *Certificates) parseOption(d *caddyfile.Dispenser) (known bool, err error) {
	list := map[string]*[]string{"common_name": &c.CommonName, "sans": &c.SANs, "issuers": &c.Issuers, "fingerprints": &c.Fingerprints}[d.Val()]
	if list == nil {
		return false, nil
	}
	if *list = d.RemainingArgs(); len(*list) == 0 {
		return true, d.ArgErr()
	}
	return true, nil
}

func (v *MTLS) parseHeader(d *caddyfile.Dispenser) error {
	h := new(CertificateHeader)
	var err error
	if h.Name, err = mgw.OneArg(d); err != nil {
		return err
	}
	var from Certificates
	seen := mgw.Once{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := seen.Check(d); err != nil {
			return err
		}
		known, err := from.parseOption(d)
		if !known && d.Val() == "trust_pool" {
			known, err = true, h.parsePool(d)
		}
		if err != nil {
			return err
		}
		if !known {
			return d.Errf("unrecognized option of header: %s", d.Val())
		}
	}
	if h.CARaw == nil {
		return d.Errf("header %s wants a trust_pool, the authorities of the certificates in it", h.Name)
	}
	h.From = []Certificates{from}
	v.Header = h
	return nil
}

func (h *CertificateHeader) parsePool(d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("trust_pool wants a module and its options, as in: trust_pool file ca.pem")
	}
	module := d.Val()
	unm, err := caddyfile.UnmarshalModule(d, "tls.ca_pool.source."+module)
	if err != nil {
		return err
	}
	if pool, ok := unm.(*caddytls.FileCAPool); ok {
		for i, file := range pool.TrustedCACertPEMFiles {
			pool.TrustedCACertPEMFiles[i] = mgw.Relative(d, file)
		}
		h.Fingerprint = mgw.Fingerprint(pool.TrustedCACertPEMFiles...)
	}
	h.CARaw = caddyconfig.JSONModuleObject(unm, "provider", module, nil)
	return nil
}
