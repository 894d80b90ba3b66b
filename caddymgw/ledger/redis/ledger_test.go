package redis

import (
	"testing"

	"github.com/caddymgw/gateway/caddymgw/ledger"
	"github.com/caddymgw/gateway/caddymgw/ledger/ledgertest"
	"github.com/caddymgw/gateway/internal/redistest"
)

func TestLedger(t *testing.T) {
	t.Parallel()
	c := Config{URLs: []string{redistest.Start(t).URL()}}
	ledgertest.Run(t, func(t *testing.T, o ledger.Options) ledger.Ledger { return open(t, c, o) })
}

func TestLedgerInACluster(t *testing.T) {
	t.Parallel()
	c := Config{URLs: []string{redistest.StartCluster(t, "--appendfsync", "no").URL()}, Cluster: true}
	ledgertest.Run(t, func(t *testing.T, o ledger.Options) ledger.Ledger { return open(t, c, o) })
}
