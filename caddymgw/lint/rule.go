package lint

import (
	"fmt"
	"slices"
	"strings"
)

// Severity is how bad a finding is.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"   // the document does not do what it says, or gives credentials away
	Warning Severity = "warning" // more is open, or exposed, than is good
	Note    Severity = "note"    // worth a look
)

// Severities lists them, the worst first.
func Severities() []Severity { return []Severity{Error, Warning, Note} }

// ParseSeverity reads one.
func ParseSeverity(text string) (Severity, error) {
	if !slices.Contains(Severities(), Severity(text)) {
		return "", fmt.Errorf("%q is no severity: there are error, warning, note", text)
	}
	return Severity(text), nil
}

// AtLeast reports whether s is as bad as other, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(Severities(), s) <= slices.Index(Severities(), other)
}

// Rule is one thing that is looked for.
type Rule struct {
	ID       string   `json:"id"` // kebab-case; it stays
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Why      string   `json:"why"`
	Remedy   string   `json:"remedy"`
	// Bad and Good are documents in YAML without their heads. The rule, and no other
	// one, finds something in Bad; none finds anything in Good.
	Bad  string `json:"bad"`
	Good string `json:"good"`

	// check returns what is found; nil for the rule that documents load.
	check    func(*view) []issue
	unloaded bool // it looks at documents that don't load too
}

// Rules lists all of them, the worst first.
func Rules() []Rule {
	all := []Rule{
		doesNotLoad(), undeclaredScheme(), impossibleRequirement(),
		unauthenticatedWrite(), unauthenticatedRead(), anonymousBesideSecurity(), securityDisabled(), noSecurityDeclared(),
		basicOverHTTP(), httpServer(), oauthOverHTTP(),
		keyInQuery(), keyInCookieWrite(), keyTwice(), keyHeaderName(), keyInAuthorization(), unusedScheme(),
		implicitFlow(), passwordFlow(), undeclaredScope(), scopesInOneList(), noScopeAsked(),
		coincidingOperations(), duplicateOperationID(), missingOperationID(),
	}
	slices.SortStableFunc(all, func(a, b Rule) int {
		return slices.Index(Severities(), a.Severity) - slices.Index(Severities(), b.Severity)
	})
	return all
}

// CheckIDs refuses what is no rule that can be left out.
func CheckIDs(ids []string) error {
	for _, id := range ids {
		switch {
		case id == loads:
			return fmt.Errorf("the rule %s can't be left out: of a document that does not load nothing is known", id)
		case !slices.ContainsFunc(Rules(), func(r Rule) bool { return r.ID == id }):
			return fmt.Errorf("there is no rule %q%s", id, nearest(id))
		}
	}
	return nil
}

// nearest proposes a rule that has a word of the id, if there is one.
func nearest(id string) string {
	for _, r := range Rules() {
		for word := range strings.SplitSeq(strings.ToLower(id), "-") {
			if r.ID != loads && len(word) > 3 && strings.Contains(r.ID, word) {
				return ": did you mean " + r.ID + "?"
			}
		}
	}
	return ""
}
