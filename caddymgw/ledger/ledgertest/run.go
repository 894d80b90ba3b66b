package ledgertest

import (
	"testing"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

// Open returns an empty ledger that heeds the options, and sees to it that it is
// closed when the test ends, though the test may have closed it already.
type Open = func(*testing.T, ledger.Options) ledger.Ledger

// Run holds a ledger to its contract.
func Run(t *testing.T, open func(*testing.T, ledger.Options) ledger.Ledger) {
	t.Helper()
	for _, part := range []struct {
		name string
		run  func(*testing.T, Open)
	}{
		{"records", records},
		{"expiry", expiry},
		{"lists", lists},
		{"names", names},
		{"replacement", replacement},
		{"revocation", revocation},
		{"watch", watch},
		{"use", use},
		{"many at once", many},
		{"end", end},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open) })
	}
}
