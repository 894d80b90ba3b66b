package conformance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/caddymgw/gateway/caddymgw"
	"github.com/caddymgw/gateway/caddymgw/credential"
	"github.com/caddymgw/gateway/caddymgw/fault"
)

// outcome is what must come out: a code, or who was let in.
type outcome struct {
	code    fault.Code // 0: let in
	schemes []string   // of the principals, the subject first; empty: anonymous
	names   []string   // whom they stand for
}

func (o outcome) String() string {
	switch {
	case o.code != 0:
		return fmt.Sprintf("%d %d", o.code.Status(), o.code)
	case len(o.schemes) == 0:
		return "anonymous"
	}
	return strings.Join(o.schemes, " + ")
}

// told is what has happened.
func told(d caddymgw.Decision) outcome {
	if d.Denial != nil {
		return outcome{code: d.Denial.Fault}
	}
	var o outcome
	for _, p := range d.Principals {
		o.schemes = append(o.schemes, p.Scheme)
		o.names = append(o.names, p.Subject)
	}
	return o
}

// oracle reads "Deciding" of the design as the sentences stand there, over what
// is known of each credential that is sent.
type oracle struct {
	op   *caddymgw.Operation
	sent []sent
	name func(sent) string // whom a right credential stands for
	text func(sent) string
}

func (o oracle) expect() outcome {
	if o.op.Public() {
		return outcome{}
	}
	if o.repeated() || o.ambiguous() || o.doubled() {
		return outcome{code: fault.InvalidCredentials}
	}
	accepted := false
	for _, place := range o.places() {
		for _, c := range o.sent {
			if c.kind == certificate || c.place != place || !c.there() || !o.accepted(c) {
				continue
			}
			accepted = true
			if !o.authentic(c) {
				return outcome{code: o.refusal(c)}
			}
		}
	}
	var forbidden, stranger bool
	for _, alt := range o.op.Alternatives {
		switch found, code := o.alternative(alt); code {
		case 0:
			return found
		case fault.AccessDenied:
			forbidden = true
		case fault.InvalidCredentials:
			stranger = true
		}
	}
	switch {
	case forbidden:
		return outcome{code: fault.AccessDenied}
	case stranger:
		return outcome{code: fault.InvalidCredentials}
	case !accepted && slices.ContainsFunc(o.sent, func(c sent) bool { return c.word != "" && c.there() }):
		return outcome{code: fault.SchemeNotAccepted}
	}
	return outcome{code: fault.MissingCredentials}
}

// places are those where the operation looks, in document order.
func (o oracle) places() (list []credential.Place) {
	for _, alt := range o.op.Alternatives {
		for _, r := range alt {
			if p := r.Scheme.Place; p.In != "" && !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

func (o oracle) repeated() bool {
	return slices.ContainsFunc(o.sent, func(c sent) bool {
		return c.flaw == twice && slices.Contains(o.places(), c.place)
	})
}

// ambiguous: different values at the places of apiKey schemes that no
// alternative asks together.
func (o oracle) ambiguous() bool {
	keyed := func(p credential.Place) bool {
		return slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
			return slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return kindOf(r.Scheme) == key && r.Scheme.Place == p })
		})
	}
	for i, a := range o.sent {
		for _, b := range o.sent[:i] {
			if a.there() && b.there() && a.place != b.place && keyed(a.place) && keyed(b.place) && !o.together(a.place, b.place) && o.text(a) != o.text(b) {
				return true
			}
		}
	}
	return false
}

// doubled: one value as the key and as the token that an alternative asks for.
func (o oracle) doubled() bool {
	at := func(s *caddymgw.Scheme, k kind) (text string) {
		for _, c := range o.sent {
			if kindOf(s) == k && c.there() && accepts(s, c) {
				text = o.text(c)
			}
		}
		return text
	}
	return slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
		for _, a := range alt {
			for _, b := range alt {
				if text := at(a.Scheme, key); text != "" && a.Scheme.Place != b.Scheme.Place && text == at(b.Scheme, bearerToken) {
					return true
				}
			}
		}
		return false
	})
}

func (o oracle) together(a, b credential.Place) bool {
	return slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
		at := func(p credential.Place) bool {
			return slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return r.Scheme.Place == p })
		}
		return at(a) && at(b)
	})
}

// accepts: the place and the word before the value are those of the scheme.
func accepts(s *caddymgw.Scheme, c sent) bool {
	word := strings.ToLower(c.word)
	switch {
	case s.Place.In == "" || s.Place != c.place:
		return false
	case s.Type == caddymgw.APIKey:
		return slices.Contains([]string{"", "bearer", "token", "apikey", "key", strings.ToLower(s.Name)}, word)
	case s.Type == caddymgw.HTTP:
		return word == s.HTTPScheme
	}
	return word == "bearer"
}

func (o oracle) accepted(c sent) bool {
	return slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
		return slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return accepts(r.Scheme, c) })
	})
}

// authentic: somebody who accepts it finds it to be what it should be. What it
// gives a right to is not the question, nor whether all else is there.
func (o oracle) authentic(c sent) bool {
	return slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
		return !crowded(alt) && slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return proves(r.Scheme, c) })
	})
}

// proves: the credential is a right one for the scheme.
func proves(s *caddymgw.Scheme, c sent) bool {
	k := c.kind
	if c.flaw == foreign {
		k = map[kind]kind{key: bearerToken, bearerToken: key}[k]
	}
	return (c.flaw == none || c.flaw == foreign || c.flaw == twice) && k == kindOf(s) && (k == certificate || accepts(s, c))
}

// refusal is the code for a credential that is not authentic: a password's own,
// where a password was asked.
func (o oracle) refusal(c sent) fault.Code {
	asked := slices.ContainsFunc(o.op.Alternatives, func(alt caddymgw.Alternative) bool {
		return !crowded(alt) && slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool {
			return kindOf(r.Scheme) == password && accepts(r.Scheme, c)
		})
	})
	switch {
	case asked && c.flaw == malformed:
		return fault.MalformedBasic
	case asked && c.flaw == forged:
		return fault.WrongPassword
	}
	return fault.InvalidCredentials
}

// closed: nobody can fulfil it.
func closed(alt caddymgw.Alternative) bool {
	return crowded(alt) || slices.ContainsFunc(alt, func(r caddymgw.Requirement) bool { return kindOf(r.Scheme) == "" })
}

// crowded: it wants two values at one place.
func crowded(alt caddymgw.Alternative) bool {
	for i, r := range alt {
		for _, other := range alt[:i] {
			same := r.Scheme.Place == other.Scheme.Place && kindOf(r.Scheme) != certificate
			if same && r.Scheme != other.Scheme && (kindOf(r.Scheme) == key || kindOf(r.Scheme) != kindOf(other.Scheme)) {
				return true
			}
		}
	}
	return false
}

// alternative says who is let in, or which code this one gives.
func (o oracle) alternative(alt caddymgw.Alternative) (found outcome, code fault.Code) {
	whole, rights, stranger := !closed(alt), true, false
	for _, r := range alt {
		i := slices.IndexFunc(o.sent, func(c sent) bool { return proves(r.Scheme, c) })
		if i < 0 {
			whole = false
			stranger = stranger || !crowded(alt) && kindOf(r.Scheme) == certificate && o.stranger()
			continue
		}
		have := o.sent[i].roles
		switch {
		case scoped(r.Scheme):
			have = o.sent[i].scopes
		case kindOf(r.Scheme) == certificate:
			have = nil // nobody gives it a role
		}
		rights = rights && !slices.ContainsFunc(r.Scopes, func(s string) bool { return !slices.Contains(have, s) })
		found.schemes = append(found.schemes, r.Scheme.Name)
		found.names = append(found.names, o.name(o.sent[i]))
	}
	switch {
	case stranger:
		return outcome{}, fault.InvalidCredentials
	case !whole:
		return outcome{}, fault.MissingCredentials
	case !rights:
		return outcome{}, fault.AccessDenied
	}
	return subjectFirst(alt, found), 0
}

// stranger: a certificate was verified by the handshake, and is not accepted.
func (o oracle) stranger() bool {
	return slices.ContainsFunc(o.sent, func(c sent) bool {
		return c.kind == certificate && (c.flaw == expired || c.flaw == elsewhere)
	})
}

var precedence = []kind{bearerToken, password, key, certificate}

// subjectFirst: the first of token, password, key and certificate, the others
// in document order.
func subjectFirst(alt caddymgw.Alternative, o outcome) outcome {
	if len(alt) == 0 {
		return outcome{}
	}
	first := slices.MinFunc(alt, func(a, b caddymgw.Requirement) int {
		return cmp.Compare(slices.Index(precedence, kindOf(a.Scheme)), slices.Index(precedence, kindOf(b.Scheme)))
	})
	i := slices.Index(o.schemes, first.Scheme.Name)
	move := func(list []string) []string {
		return append([]string{list[i]}, slices.Delete(slices.Clone(list), i, i+1)...)
	}
	return outcome{schemes: move(o.schemes), names: move(o.names)}
}
