// Package harness runs a gateway inside the test process, over real sockets,
// before an upstream that records every byte it gets. It fails where something
// is missing and never skips.
package harness
