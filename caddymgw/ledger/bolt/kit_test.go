package bolt

import (
	"time"

	"github.com/caddymgw/gateway/caddymgw/ledger"
)

var start = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

var still = ledger.Options{Now: func() time.Time { return start }}
