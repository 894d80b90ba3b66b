package caddymgw

import "github.com/caddymgw/gateway/caddymgw/credential"

// API is one compiled OpenAPI document.
type API struct {
	Name    string // info.title
	Version string // info.version
	// OpenAPI is the major and minor version of the specification: "2.0",
	// "3.0", "3.1" or "3.2".
	OpenAPI    string
	BasePaths  []string // each starts with "/"; the root is ""; sorted
	Operations []*Operation
	Schemes    []*Scheme // in document order
	TLSOnly    bool      // x-wso2-transports without http
}

// Operation is one method on one path template. It is immutable once
// compiled; the pointer is its identity.
type Operation struct {
	API      *API
	Method   string
	Template string // as in the document, base path not included
	ID       string // operationId; "" where the document gives none
	// Alternatives are in document order, {} moved last. Nil means that the
	// operation is public: it declares security: [] or is switched off.
	Alternatives []Alternative

	plan *plan // made by Bind
}

// Public reports whether the operation asks for no credential at all.
func (o *Operation) Public() bool { return len(o.Alternatives) == 0 }

// Label names the operation for people: its operationId, else method and template.
func (o *Operation) Label() string {
	if o.ID != "" {
		return o.ID
	}
	return o.Method + " " + o.Template
}

// Alternative is one Security Requirement Object (OpenAPI 3.1 section 4.8.30):
// all of its requirements must hold. The empty one is {}: anonymous.
type Alternative []Requirement

// Requirement is one security scheme and what is asked of it.
type Requirement struct {
	Scheme *Scheme
	// Scopes of OAuth 2 and OpenID Connect; of every other type the roles
	// that OpenAPI 3.1 and later allow to be asked for.
	Scopes []string
	// AnyScope means that one of Scopes suffices (combine any).
	AnyScope bool
	// Verifier is bound at load and never nil afterwards: Closed() where
	// nothing verifies.
	Verifier Verifier
}

// SchemeType is the "type" of a security scheme, in OpenAPI 3 words.
type SchemeType string

// The types of OpenAPI 3.1; the "basic" of 2.0 is read as HTTP.
const (
	APIKey        SchemeType = "apiKey"
	HTTP          SchemeType = "http"
	MutualTLS     SchemeType = "mutualTLS"
	OAuth2        SchemeType = "oauth2"
	OpenIDConnect SchemeType = "openIdConnect"
)

// Scheme is a named entry of the document's security schemes.
type Scheme struct {
	Name       string
	Type       SchemeType
	HTTPScheme string           // type http: "basic", "bearer", ..., in lower case
	Param      string           // type apiKey: the name as declared
	Place      credential.Place // zero for mutualTLS
	Realm      string           // of challenges: the name of the API
}
