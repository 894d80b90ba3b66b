package mgw

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/apikey"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// apiRegistry knows the documents and the issuers of one configuration.
type apiRegistry struct {
	mu      sync.Mutex
	apis    map[apiID]registered
	issuers map[string]bool // paths
	limits  []keysFor
	latest  map[string]*openapi.Document
	wanted  []*wanted
	sites   []Site
}

// wanted is a document that another handler stands before, or behind.
type wanted struct {
	document string
	by       string
	found    func(*openapi.Document) error
	done     bool
	next     bool // the next one is better
}

type apiID struct{ name, version string }

type registered struct {
	document string
	api      *caddymgw.API
}

// RegisterAPI claims the name and version of a document. The same document may
// stand on several sites; two different ones with one name and version would
// share the keys that are meant for either.
func (a *App) RegisterAPI(compiled *openapi.Document, document string) error {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	api := compiled.API
	if a.apis.latest == nil {
		a.apis.latest = map[string]*openapi.Document{}
	}
	a.apis.latest[document] = compiled
	for _, w := range a.apis.wanted {
		if w.document == document && (!w.done || w.next) {
			w.done, w.next = true, false
			if err := w.found(compiled); err != nil {
				return err
			}
		}
	}
	id := apiID{api.Name, api.Version}
	if other, ok := a.apis.apis[id]; ok {
		if other.document == document {
			return nil
		}
		return fmt.Errorf("%s and %s both are API %q version %q: change info.title or info.version of one", other.document, document, id.name, id.version)
	}
	if a.apis.apis == nil {
		a.apis.apis = map[apiID]registered{}
	}
	r := registered{document, api}
	a.apis.apis[id] = r
	for path := range a.apis.issuers {
		a.warnShadowed(r, path)
	}
	return nil
}

// WantDocument has found called, while provisioning, with a document as the
// openapi_auth compiles it that stands nearest before, else behind. The app does
// not start where none does.
func (a *App) WantDocument(document, by string, found func(*openapi.Document) error) error {
	return a.want(&wanted{document: document, by: by, found: found})
}

// WantNextDocument is WantDocument for who stands before openapi_auth: that of
// another site may read the same document by other options. It may call found
// twice; the last one counts.
func (a *App) WantNextDocument(document, by string, found func(*openapi.Document) error) error {
	return a.want(&wanted{document: document, by: by, found: found, next: true})
}

func (a *App) want(w *wanted) error {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	a.apis.wanted = append(a.apis.wanted, w)
	compiled := a.apis.latest[w.document]
	if w.done = compiled != nil; !w.done {
		return nil
	}
	return w.found(compiled)
}

// checkWanted refuses a handler that stands before nothing.
func (a *App) checkWanted() error {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	for _, w := range a.apis.wanted {
		if !w.done {
			return fmt.Errorf("%s %s: no openapi_auth serves this document: name the one that it has", w.by, w.document)
		}
	}
	return nil
}

// Served is an API with the document that it was compiled from.
type Served struct {
	*caddymgw.API
	Document   string
	ReportOnly *caddymgw.ReportOnly // nil: everything is enforced
}

// APIs lists what this configuration serves, by name and version. Of an API that
// several sites serve it is that one which enforces least.
func (a *App) APIs() []Served {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	var all []Served
	for _, r := range a.apis.apis {
		all = append(all, a.apis.served(r))
	}
	slices.SortFunc(all, func(x, y Served) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.Version, y.Version))
	})
	return all
}

// RegisterIssuer notes the path of an issuer, and what its keys are for.
func (a *App) RegisterIssuer(path string, apis []API) {
	a.apis.mu.Lock()
	defer a.apis.mu.Unlock()
	a.apis.limits = append(a.apis.limits, keysFor{"the issuer " + path, apis})
	if a.apis.issuers[path] {
		return
	}
	if a.apis.issuers == nil {
		a.apis.issuers = map[string]bool{}
	}
	a.apis.issuers[path] = true
	for _, r := range a.apis.apis {
		a.warnShadowed(r, path)
	}
}

// warnShadowed tells of operations that the issuer answers in their place.
func (a *App) warnShadowed(r registered, path string) {
	for _, op := range r.api.Operations {
		for _, base := range r.api.BasePaths {
			if full := base + op.Template; full == path || strings.HasPrefix(full, path+"/") {
				a.logger.Warn("the API-key issuer answers in place of an operation, where both are on one site",
					zap.String("issuer", path), zap.String("document", r.document), zap.String("operation", op.Label()))
			}
		}
	}
}

// AllowedAPIs returns the entries of a key's claim allowedAPIs; without a
// version an API is allowed in every one.
func AllowedAPIs(apis []API) []apikey.AllowedAPI {
	var allowed []apikey.AllowedAPI
	for _, api := range apis {
		versions := api.Versions
		if len(versions) == 0 {
			versions = []string{"*"}
		}
		for _, v := range versions {
			allowed = append(allowed, apikey.AllowedAPI{Name: api.Name, Version: v})
		}
	}
	return allowed
}
