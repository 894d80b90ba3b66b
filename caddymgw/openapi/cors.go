package openapi

import "strings"

// CORS is what x-wso2-cors says of other origins (Fetch standard section 3.2).
type CORS struct {
	Origins     []string // "*" is everyone
	Methods     []string // nil: not said
	Headers     []string // nil: not said
	Expose      []string
	Credentials bool
}

// corsMembers are the members in camelCase; kebab-case, as a sample of WSO2 had
// them, is read as well.
var corsMembers = []string{
	"corsConfigurationEnabled", "accessControlAllowOrigins", "accessControlAllowMethods", "accessControlAllowHeaders",
	"accessControlExposeHeaders", "accessControlAllowCredentials",
}

// cors reads x-wso2-cors.
func (c *compiler) cors(root *value) error {
	v, err := root.get("x-wso2-cors")
	if err != nil || v == nil {
		return err
	}
	members, err := v.object()
	if err != nil {
		return err
	}
	var cors CORS
	enabled := true
	lists := map[string]*[]string{
		"accessControlAllowOrigins": &cors.Origins, "accessControlAllowMethods": &cors.Methods,
		"accessControlAllowHeaders": &cors.Headers, "accessControlExposeHeaders": &cors.Expose,
	}
	flags := map[string]*bool{"corsConfigurationEnabled": &enabled, "accessControlAllowCredentials": &cors.Credentials}
	seen := map[string]bool{}
	for _, m := range members {
		name := corsMember(m.name)
		switch {
		case name == "":
			return m.value.errorf("%s is no member of x-wso2-cors: there are %s", m.name, strings.Join(corsMembers, ", "))
		case seen[name]:
			return m.value.errorf("%s stands twice, once in kebab-case: take one out", name)
		}
		seen[name] = true
		if to := lists[name]; to != nil {
			*to, err = m.value.texts()
		} else {
			*flags[name], err = m.value.boolean()
		}
		if err != nil {
			return err
		}
	}
	if enabled {
		c.doc.CORS = &cors
	}
	return nil
}

// corsMember returns a member's name in camelCase; "" if there is none of that name.
func corsMember(name string) string {
	for _, known := range corsMembers {
		kebab := strings.ToLower(name) == name && strings.EqualFold(strings.ReplaceAll(name, "-", ""), known)
		if name == known || kebab {
			return known
		}
	}
	return ""
}

// texts reads a list of strings.
func (v *value) texts() ([]string, error) {
	items, err := v.list()
	if err != nil {
		return nil, err
	}
	list := make([]string, 0, len(items))
	for _, item := range items {
		s, err := item.str()
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}
