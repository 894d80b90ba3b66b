package openapi

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/caddymgw/gateway/caddymgw/credential"
)

// authHeader finds out where Basic and Bearer are read: of the document only,
// as with WSO2.
func (c *compiler) authHeader(root *value) error {
	name := c.options.AuthHeader
	v, err := root.get("x-wso2-auth-header")
	if err != nil {
		return err
	}
	if name == "" && v != nil {
		if name, err = v.str(); err != nil {
			return err
		}
		if name == "" || !isToken(name) {
			return v.errorf("%q is no header name (RFC 9110 section 5.6.2)", name)
		}
	}
	if name == "" {
		name = "Authorization"
	}
	c.authorization = credential.Place{In: credential.Header, Name: http.CanonicalHeaderKey(name)}
	return nil
}

// extensions reads what WSO2's members of the document change.
func (c *compiler) extensions(root *value) error {
	if err := refuseUnknown(root); err != nil {
		return err
	}
	if err := c.readMutualTLS(root); err != nil {
		return err
	}
	if err := c.transports(root); err != nil {
		return err
	}
	var err error
	if c.app, err = c.application(root); err != nil {
		return err
	}
	v, err := root.get("x-wso2-disable-security")
	if err != nil || v == nil {
		return err
	}
	b, err := v.boolean()
	if err != nil {
		return err
	}
	c.disabled = &b
	return nil
}

// transports reads x-wso2-transports. Where http is not among them, the API is
// served over TLS only.
func (c *compiler) transports(root *value) error {
	v, err := root.get("x-wso2-transports")
	if err != nil || v == nil {
		return err
	}
	items, err := v.list()
	if err != nil {
		return err
	}
	c.doc.API.TLSOnly = true
	for _, item := range items {
		s, err := item.str()
		switch {
		case err != nil:
			return err
		case s == "http":
			c.doc.API.TLSOnly = false
		case s != "https":
			return item.errorf("%q is no transport: there are http and https", s)
		}
	}
	return nil
}

// disabledAt says whether an operation is switched off; its own word counts
// more than the document's, both ways.
func (c *compiler) disabledAt(op *value) (bool, error) {
	if err := refuseUnknown(op); err != nil {
		return false, err
	}
	for _, name := range []string{"x-wso2-mutual-ssl", "x-wso2-auth-header"} {
		if v, err := op.get(name); err != nil || v != nil {
			return false, cmp.Or(err, v.errorf("%s has a meaning at the top of the document only: write it there", name))
		}
	}
	v, err := op.get("x-wso2-disable-security")
	if err != nil {
		return false, err
	}
	if v != nil {
		return v.boolean()
	}
	return c.disabled != nil && *c.disabled, nil
}

// refuseUnknown: a misspelt extension would be passed over, and the document
// mean less than its author thinks.
func refuseUnknown(v *value) error {
	for _, m := range v.members {
		if strings.HasPrefix(strings.ToLower(m.name), "x-wso2-") && !wso2Members[m.name] {
			return m.value.errorf("%s is no extension of WSO2: correct the name, or take it out", m.name)
		}
	}
	return nil
}

// wso2Members are the extensions that WSO2 API Microgateway 3.x knows.
var wso2Members = map[string]bool{
	"x-wso2-basePath": true, "x-wso2-production-endpoints": true, "x-wso2-sandbox-endpoints": true,
	"x-wso2-endpoints": true, "x-wso2-request-interceptor": true, "x-wso2-response-interceptor": true,
	"x-wso2-throttling-tier": true, "x-wso2-cors": true, "x-wso2-response-cache": true,
	"x-wso2-disable-security": true, "x-wso2-auth-header": true, "x-wso2-mutual-ssl": true, "x-wso2-application-security": true, "x-wso2-transports": true, "x-wso2-owner": true,
}
