package openapi

import "strings"

// extensions reads what WSO2's members of the document change, and refuses
// those that would change security in a way that is not enforced here.
func (c *compiler) extensions(root *value) error {
	if err := refuseUnread(root); err != nil {
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

// disabledAt says whether an operation is switched off; its own word counts
// more than the document's, both ways.
func (c *compiler) disabledAt(op *value) (bool, error) {
	if err := refuseUnread(op); err != nil {
		return false, err
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

// refuseUnread: a document that asks for more than we enforce must not load.
func refuseUnread(v *value) error {
	for _, m := range v.members {
		switch strings.ToLower(m.name) {
		case "x-wso2-mutual-ssl", "x-wso2-application-security":
			return m.value.errorf("%s is not enforced by this version: take it out, and say the same with security and securitySchemes", m.name)
		}
		if strings.HasPrefix(strings.ToLower(m.name), "x-wso2-") && !wso2Members[m.name] {
			return m.value.errorf("%s is no extension of WSO2: correct the name, or take it out", m.name)
		}
	}
	return nil
}

// wso2Members are the extensions that WSO2 API Microgateway 3.x knows; a
// misspelt one must not be passed over.
var wso2Members = map[string]bool{
	"x-wso2-basePath": true, "x-wso2-production-endpoints": true, "x-wso2-sandbox-endpoints": true,
	"x-wso2-endpoints": true, "x-wso2-request-interceptor": true, "x-wso2-response-interceptor": true,
	"x-wso2-throttling-tier": true, "x-wso2-cors": true, "x-wso2-response-cache": true,
	"x-wso2-disable-security": true, "x-wso2-auth-header": true, "x-wso2-transports": true, "x-wso2-owner": true,
}
