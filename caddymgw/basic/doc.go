// Package basic verifies HTTP Basic credentials (RFC 7617) against argon2id and
// bcrypt hashes, as `caddy hash-password` prints them.
//
// Hashing is meant to be slow, so it is what an attacker would have us do. A
// [Guard], which outlives reloads, bounds how much of it runs at once and how
// much may wait, and remembers the passwords that were right, under a key that
// never leaves the process. Who is unknown costs as much as who is known.
//
// The hash functions are not here: they come from outside as [Comparer]s. It
// depends on the root core types, credential and fault.
package basic
