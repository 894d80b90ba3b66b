package caddymgw

import (
	"slices"
	"strings"
)

// Words is the effective security of an operation in words, such as "public", "key
// or token with write:pets", "key and login, or certificate", "anyone, or key". Of
// several schemes of one kind the names are told too.
func (o *Operation) Words() string {
	if o.Public() {
		return "public"
	}
	named := o.API.kinds()
	var all []string
	joint := " or "
	for _, alt := range o.Alternatives {
		if len(alt) == 0 {
			all, joint = append([]string{"anyone"}, all...), ", or "
			continue
		}
		if len(alt) > 1 {
			joint = ", or "
		}
		all = append(all, alt.words(named))
	}
	if len(all) == 1 {
		return all[0]
	}
	last := len(all) - 1
	between := joint
	if joint == ", or " && last > 1 {
		between = ", "
	}
	return strings.Join(all[:last], between) + joint + all[last]
}

func (a Alternative) words(named map[string]int) string {
	if len(a) == 0 {
		return "anyone"
	}
	var all []string
	for i := range a {
		all = append(all, a[i].words(named))
	}
	return strings.Join(all, " and ")
}

func (r *Requirement) words(named map[string]int) string {
	text := r.Scheme.Word()
	if named[text] > 1 {
		text += " " + r.Scheme.Name
	}
	if len(r.Scopes) == 0 {
		return text
	}
	what := " with "
	if r.Scheme.Type != OAuth2 && r.Scheme.Type != OpenIDConnect {
		what += "role "
	}
	if r.AnyScope && len(r.Scopes) > 1 {
		what += "any of "
	}
	return text + what + strings.Join(r.Scopes, " ")
}

// AlternativeWords is what one of the alternatives asks for.
func (o *Operation) AlternativeWords(a Alternative) string { return a.words(o.API.kinds()) }

// RequirementWords is what one of the requirements asks for.
func (o *Operation) RequirementWords(r *Requirement) string { return r.words(o.API.kinds()) }

// kinds counts the schemes of each kind that the operations of an API ask for.
func (a *API) kinds() map[string]int {
	var seen []*Scheme
	count := map[string]int{}
	for _, op := range a.Operations {
		for _, alt := range op.Alternatives {
			for _, r := range alt {
				if !slices.Contains(seen, r.Scheme) {
					seen = append(seen, r.Scheme)
					count[r.Scheme.Word()]++
				}
			}
		}
	}
	return count
}

// Word is the kind of a scheme in a word: key, login, token, certificate, or the
// name of another HTTP authentication scheme.
func (s *Scheme) Word() string {
	switch {
	case s.Type == "":
		return "nobody" // default_security deny
	case s.Type == APIKey:
		return "key"
	case s.Type == MutualTLS:
		return "certificate"
	case s.kind() == "basic":
		return "login"
	case s.kind() == "bearer":
		return "token"
	}
	return s.HTTPScheme + " login"
}

// String is the outcome in a word.
func (o Outcome) String() string {
	switch o {
	case Refused:
		return "refused"
	case Absent:
		return "absent"
	case Unavailable:
		return "unavailable"
	case Forbidden:
		return "forbidden"
	case Satisfied:
		return "satisfied"
	}
	return "unknown"
}

// Words says a reason to people, as the second half of a sentence.
func (r Reason) Words() string { return reasonWords[r] }

var reasonWords = map[Reason]string{
	ReasonNone:          "nothing is wrong",
	ReasonPath:          "the path can be read in more than one way, or is no path",
	ReasonQuery:         "the query can't be read completely",
	ReasonNoOperation:   "the document declares no such path",
	ReasonNoMethod:      "the document declares the path, but not for this method",
	ReasonTransport:     "the API is served over TLS only",
	ReasonMissing:       "nothing was presented",
	ReasonKind:          "what was presented is of no kind that the operation accepts",
	ReasonRepeated:      "a credential was presented twice at one place",
	ReasonAmbiguous:     "different credentials were presented of which one alone may be, or one in place of two",
	ReasonNoVerifier:    "nothing here verifies it",
	ReasonMalformed:     "it is malformed, or not of the kind that is verified here",
	ReasonAlgorithm:     "it is signed by an algorithm that is not accepted",
	ReasonUnknownKey:    "it is signed by no key that is known here",
	ReasonSignature:     "its signature is not good",
	ReasonType:          "it is of another type: a token in place of a key, or a key in place of a token",
	ReasonIssuer:        "its issuer is not trusted",
	ReasonAudience:      "it is meant for another audience",
	ReasonExpired:       "it has expired",
	ReasonNotYet:        "it is not valid yet",
	ReasonClaims:        "its claims are not what they must be",
	ReasonRevoked:       "it is revoked",
	ReasonStale:         "whether it is revoked can't be known now",
	ReasonCertificate:   "the client certificate is not accepted, or is not the one that it is bound to",
	ReasonAPI:           "it is not for this API",
	ReasonOperation:     "it is not for this operation",
	ReasonAddress:       "it may not be used from this address",
	ReasonReferer:       "it may not be used from this referer",
	ReasonScope:         "a scope or role is missing",
	ReasonSubject:       "the credentials are those of different subjects",
	ReasonWrongPassword: "the user or the password is wrong",
	ReasonBusy:          "too many are being checked now",
	ReasonNotReady:      "what verifies it is not ready",
}
