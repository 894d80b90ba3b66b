package backendjwt

import (
	"strings"
	"time"

	"github.com/caddymgw/gateway/caddymgw"
)

const (
	// Purpose is that of the signing keys.
	Purpose = "backend"
	// Type is the JOSE header typ.
	Type = "backend+jwt"
)

// WSO2Dialect is what stands before the names of WSO2's claims.
const WSO2Dialect = "http://wso2.org/claims"

// claims describes the first principal of a decision.
func (s *Signer) claims(d caddymgw.Decision, now, end time.Time, id string) map[string]any {
	p := d.Principals[0]
	api := d.Operation.API
	c := map[string]any{
		"iss": s.config.Issuer, "sub": p.Subject, "jti": id,
		"iat": now.Unix(), "exp": end.Unix(),
		"scheme":    p.Scheme,
		"api":       map[string]string{"name": api.Name, "version": api.Version},
		"operation": d.Operation.Label(),
	}
	if len(s.config.Audience) > 0 {
		c["aud"] = s.config.Audience
	}
	for name, value := range map[string]string{"scope": strings.Join(p.Scopes, " "), "key_id": p.KeyID, "original_iss": p.Issuer} {
		if value != "" {
			c[name] = value
		}
	}
	if s.config.WSO2 {
		keyType, _ := p.Claims["keytype"].(string)
		if keyType == "" {
			keyType = "PRODUCTION"
		}
		context := ""
		if len(api.BasePaths) > 0 {
			context = api.BasePaths[0]
		}
		for name, value := range map[string]string{
			"enduser": p.Subject, "subscriber": p.Subject, "apiname": api.Name, "apicontext": context, "version": api.Version, "keytype": keyType,
		} {
			c[WSO2Dialect+"/"+name] = value
		}
	}
	return c
}
