// Package bolt is a ledger in one file, for one gateway at a time. It depends on
// go.etcd.io/bbolt, which replaces pages rather than changing them: a crash leaves
// what was acknowledged, and nothing of the rest.
//
// The file has five buckets:
//
//	meta         format, sum
//	records      id            -> record as JSON
//	revocations  key           -> revocation as JSON
//	subjects     subject, id   -> nothing: whose key it is
//	expiry       moment, entry -> nothing: what may be forgotten then
//
// Bolt guards its two heads by checksums and nothing else. So every value here
// starts with one over its key and itself, and the sum of them all is kept beside:
// what was flipped, lost or brought back is found when the file is opened, and
// the file is refused, since it may hold the revocation that is missing.
//
//	open.go     a file is made, locked and read whole   check.go, walk.go, page.go
//	write.go    many writes share one transaction
//	tx.go       what one write may do                   entry.go, index.go
//	read.go     one record, pages of them, the watch
//	prune.go    what has expired is forgotten
//	fault.go    damage becomes an error, never a panic
package bolt
