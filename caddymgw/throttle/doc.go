// Package throttle slows down whoever guesses passwords, by user and network,
// and keeps nobody out for good. An attempt is asked for with Begin before its
// password is compared, and counts as a failure until it is found right: guesses
// made at once don't all pass before the first is judged.
//
// A network is a /24 of IPv4 or a /64 of IPv6; clients without an address are one
// network. Users are told apart by the bytes of their names. Failures are counted
//
//   - of a user in a network (a pair): 5 are free. Then 1 s must pass before the
//     next attempt, twice as long with each failure, 15 min at most. One is
//     forgotten each hour.
//   - of a network, whoever the user: 30 are free, against one password that is
//     tried with many names. Then 1 s, doubling, 1 min at most. One is forgotten
//     every 2 min.
//   - of a user, wherever from. While there are more than 50, a network is free to
//     fail for this user once, not 5 times. One is forgotten every 10 min.
//
// A right password forgives the failures of its pair, once a minute at most, and
// no others. For a day, its pair is neither slowed by the failures of its network
// nor by those of its user elsewhere.
//
// # What is promised
//
//   - From one network, the password of a user who does not log in there is
//     guessed 16 times in the first 35 minutes, and 96 times a day from then on.
//     However many are tried at once, 5 begin before the first is judged.
//   - From one network, 36 passwords are guessed in the first two minutes, and
//     1,440 a day from then on, whatever the names; leaving pairs known good aside.
//   - Who has not failed in a network need not wait there for what failed in
//     others: whatever is done elsewhere, a right password is let in at once.
//   - A wait is never longer than 15 minutes, and asking during a wait does not
//     prolong it. Nobody is locked out.
//   - Whether a user exists makes no difference: only the name is known here.
//   - Memory is bounded: about 20 MB, whatever is tried. Counters for which others
//     have to wait are kept apart from those that are free still, so that a flood
//     of names or networks which fail a few times each pushes out none of them.
//   - A clock that is set back prolongs nothing, and shortens nothing.
//
// # What is not promised
//
//   - An attacker with many networks has the guesses of each: of 10,000, 10,000
//     at once at least. Against that, only good passwords help.
//   - Who shares a network with an attacker may have to wait like the attacker,
//     a minute at most, until the first right password; and up to 15 minutes if
//     it is that user's password which is guessed. Behind a proxy that is not
//     trusted to name its clients, all share one network.
//   - Who shares a network with a user who logs in there has about 10 guesses
//     more for each minute in which the user does so.
//   - Many attempts at once are slowed though all are right, until one of them is
//     found so: compare a password that many requests present at once but once.
//   - Who has 16,384 networks, and fails in each more often than is free, pushes
//     out what was counted before. Who fails once in as many, or as often with
//     another name, pushes out what is free still.
//   - Counters are of one process, and gone when it ends.
//
// It imports nothing of this module.
package throttle
