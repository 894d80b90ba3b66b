// Package revocation knows, in memory, which keys of this gateway are revoked. A
// [Set] follows a ledger's watch; a view of it is the caddymgw.Revocations of an
// authority, asked on every request.
//
// What it holds to:
//
//   - What is revoked stays so. A clock that is set back revives nothing while
//     the process lives, and a revocation that was to hold at once holds at once
//     whatever the clock says, after a restart too. Only the overlap of a
//     replaced key is measured by the clock: where it is set back across a
//     restart, the overlap lasts longer by as much.
//   - It is dropped an hour and the leeway after the last key that it ends has
//     expired. A leap of the clock ahead is believed for this once it has lasted
//     for a day.
//   - Known revocations hold though the ledger is away. What isn't known to be
//     revoked is then unknown, if a view asks for fresh ones.
//   - A revoked id costs about 45 bytes. Asking costs a few atomic loads as long
//     as nothing is revoked, and else a lookup in one of 256 maps. Neither allocates.
//
// It imports the root core types and package ledger.
package revocation
