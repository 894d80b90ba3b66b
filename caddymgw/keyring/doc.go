// Package keyring holds the keys that this gateway signs with, each with its
// kid. They lie one object each in a storage that several gateways may share,
// so that all of them sign and verify alike, or come from a PEM file.
//
//	made       published at once, so that verifiers elsewhere learn it  maintain.go
//	next       until its signs_from
//	active     the latest one that has begun signs                      ring.go
//	verifies   until all that it signed has expired                     needs.go
//	retired    deleted
//
// Every node calls Maintain once a minute or so. What is due is a function of
// what lies in the storage, the Policy and the clock (plan.go), and is done
// under the storage's lock by whichever node comes first. A node verifies with
// every key of its ring, whatever its clock says of signs_from.
//
// An object is written once and never changed. Until when a key is needed is
// noted beside them by the nodes that sign with it, so that nodes of different
// policies, as in the middle of a reload, leave each other's keys alone.
//
// It imports nothing of this module.
package keyring
