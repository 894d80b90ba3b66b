// Package keyring holds the keys that this gateway signs with, each with its
// kid. They lie one object each in a storage that several gateways may share,
// so that all of them sign and verify alike, or come from a PEM file.
//
// It imports nothing of this module.
package keyring
