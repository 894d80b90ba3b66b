package ledger_test

import (
	"testing"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, func(_ *testing.T, o ledger.Options) ledger.Ledger { return ledger.Memory(o) })
}
