package revocation

// Observer is told when the contact with a ledger changes, for logs and metrics:
// not of every failure. Calls come one after another, and hold up Follow.
type Observer interface {
	// Lost: contact was lost, or could not be made.
	Lost(error)
	// Regained: after Lost, all revocations are known again.
	Regained()
}

// Unobserved is the Observer that does nothing.
type Unobserved struct{}

// Lost does nothing.
func (Unobserved) Lost(error) {}

// Regained does nothing.
func (Unobserved) Regained() {}
