package ledger_test

import (
	"testing"
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, func(_ *testing.T, now func() time.Time) ledger.Ledger { return ledger.Memory(now) })
}
