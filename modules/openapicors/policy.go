package openapicors

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"
	"golang.org/x/net/http/httpguts"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/openapi"
)

// open makes the policy of a document: what the configuration does not say, the
// document does.
func (h *Handler) open(doc *openapi.Document) error {
	declared := doc.CORS
	if declared == nil {
		declared = new(openapi.CORS)
	}
	o := cors.Options{
		AllowedOrigins:   either(h.AllowOrigins, declared.Origins),
		AllowedMethods:   either(h.AllowMethods, declared.Methods, methods(doc.API)),
		AllowedHeaders:   either(h.AllowHeaders, declared.Headers, headers(doc.API)),
		ExposedHeaders:   either(h.ExposeHeaders, declared.Expose),
		AllowCredentials: h.AllowCredentials || declared.Credentials,
		MaxAge:           int(cmp.Or(time.Duration(h.MaxAge), defaultMaxAge) / time.Second),
	}
	if err := check(o); err != nil {
		return fmt.Errorf("openapi_cors %s: %w", h.Document, err)
	}
	h.doc, h.cors = doc, cors.New(o)
	return nil
}

// either returns the first list that says something.
func either(lists ...[]string) []string {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

func check(o cors.Options) error {
	if len(o.AllowedOrigins) == 0 {
		return errors.New("no origin is allowed: name some with allow_origins, or in x-wso2-cors")
	}
	for _, origin := range o.AllowedOrigins {
		if origin == "*" {
			if o.AllowCredentials {
				return errors.New("credentials for every origin (*) would let any page act as its visitor: name the origins")
			}
			continue
		}
		if err := checkOrigin(origin); err != nil {
			return fmt.Errorf("origin %q: %w", origin, err)
		}
	}
	for _, name := range slices.Concat(o.AllowedHeaders, o.ExposedHeaders) {
		if name != "*" && !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("%q is no header name", name)
		}
	}
	for _, method := range o.AllowedMethods {
		if method == "*" {
			return errors.New("* is no method: name them, or say nothing, for those of the operations")
		}
		if !httpguts.ValidHeaderFieldName(method) || strings.ToUpper(method) != method {
			return fmt.Errorf("%q is no method: methods are in capitals", method)
		}
	}
	return nil
}

// checkOrigin wants scheme, host and port, as browsers send it (RFC 6454 section
// 6.2); a * stands for whole labels in front of a domain.
func checkOrigin(origin string) error {
	scheme, host, ok := strings.Cut(origin, "://")
	if below, found := strings.CutPrefix(host, "*."); found {
		host = "x." + below
	}
	u, err := url.Parse(scheme + "://" + host)
	switch {
	case !ok || err != nil || u.Host == "" || strings.Contains(host, "*"):
		return errors.New("must be like https://app.example.com, https://*.example.com or *")
	case u.Host != host:
		return errors.New("must have no path, query, user or / at the end")
	case strings.ToLower(origin) != origin:
		return errors.New("browsers send it in small letters: write it so")
	case !strings.Contains(strings.TrimPrefix(host, "x."), "."):
		if strings.HasPrefix(host, "x.") {
			return errors.New("a * in front of a whole top-level domain allows everybody")
		}
	}
	return nil
}

// methods are those of the declared operations.
func methods(api *caddymgw.API) (list []string) {
	for _, op := range api.Operations {
		list = append(list, op.Method)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// headers are those that credentials are read from, and the one of bodies.
func headers(api *caddymgw.API) []string {
	list := []string{"Content-Type"}
	for _, s := range api.Schemes {
		if s.Place.In == credential.Header {
			list = append(list, s.Place.Name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
