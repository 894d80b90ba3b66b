package ledger

import "time"

// Query asks for records in the order of their ids.
type Query struct {
	After       string    // resume behind this id; "": from the start
	Limit       int       // at most so many; 0: all
	Subject     string    // only keys of this subject; "": of everyone
	UnusedSince time.Time // only keys neither issued nor used since then; zero: all
}

// Match reports whether a record is asked for; After and Limit aside.
func (q Query) Match(r Record) bool {
	if q.Subject != "" && r.Subject != q.Subject {
		return false
	}
	return q.UnusedSince.IsZero() || r.Issued.Before(q.UnusedSince) && r.LastUsed.Before(q.UnusedSince)
}
