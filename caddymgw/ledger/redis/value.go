package redis

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// layout has a fixed width, so that moments can be compared as texts.
const layout = "2006-01-02T15:04:05.000000000Z"

// moment is a time as scripts compare it; "" is the zero time.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// score is a time as sorted sets compare it, which are not exact enough for more.
func score(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

// encodeRecord returns what records has of a key.
func encodeRecord(r ledger.Record) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("record %q: %w", r.ID, err)
	}
	return moment(r.Expires) + " " + string(text), nil
}

// noted is what revoked has of a key that is put with its end.
func noted(r ledger.Record) string {
	if r.Revoked.IsZero() {
		return ""
	}
	return moment(r.Revoked) + " " + r.Reason
}

// stored is what Redis has of one key. What is not there is nil.
type stored struct{ record, used, revoked, successor any }

// decode returns the record; ok says that there is one.
func (s stored) decode() (r ledger.Record, ok bool, err error) {
	value, ok := s.record.(string)
	if !ok {
		return r, false, nil
	}
	_, text, _ := strings.Cut(value, " ")
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return r, false, err
	}
	if at, ok := s.used.(string); ok {
		if r.LastUsed, err = time.Parse(layout, at); err != nil {
			return r, false, err
		}
	}
	if end, ok := s.revoked.(string); ok {
		at, reason, _ := strings.Cut(end, " ")
		if r.Revoked, err = time.Parse(layout, at); err != nil {
			return r, false, err
		}
		r.Reason = reason
	}
	if successor, ok := s.successor.(string); ok {
		r.ReplacedBy = successor
	}
	return r, true, nil
}

// encodeRevocation returns what revocations has under a key.
func encodeRevocation(r ledger.Revocation) (string, error) {
	if err := r.Check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("revocation %q: %w", r.Key(), err)
	}
	by := r.Effective
	if r.ID == "" {
		by = r.IssuedBefore
	}
	return moment(r.Expires) + " " + moment(by) + " " + string(text), nil
}

// decodeRevocation reads the JSON of one, and what stands before it, if anything
// does.
func decodeRevocation(value string) (r ledger.Revocation, err error) {
	if i := strings.IndexByte(value, '{'); i > 0 {
		value = value[i:]
	}
	if err := json.Unmarshal([]byte(value), &r); err != nil {
		return r, fmt.Errorf("a revocation can't be read: %w", err)
	}
	return r, r.Check()
}
