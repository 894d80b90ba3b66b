// Package usage keeps when keys were last used, and hands it to a ledger once a
// minute, so that no request waits for one. What a crash loses is a minute; what
// a ledger that is away loses is nothing, up to a bound.
//
// It imports package ledger.
package usage
