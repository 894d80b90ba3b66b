package bolt

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/ledgertest"
)

func TestLedger(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T, o ledger.Options) ledger.Ledger {
		l, err := Open(filepath.Join(t.TempDir(), "ledger.db"), o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	})
}
