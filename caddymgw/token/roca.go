package token

import "math/big"

// rocaPrimes are those modulo which the powers of 65537 are few, the most
// telling first: the first division tells nearly every sound key.
var rocaPrimes = [...]int64{97, 37, 79, 11, 61, 73, 127, 151, 13, 17, 19, 53, 71, 103, 107, 109, 157}

// roca reports whether an RSA modulus comes from the chips of CVE-2017-15361,
// whose keys can be factored: to every small prime it is a power of 65537. One
// of 2^27 sound keys looks the same.
func roca(modulus *big.Int) bool {
	var p, rest big.Int
	for _, prime := range rocaPrimes {
		r := rest.Mod(modulus, p.SetInt64(prime)).Int64()
		for power := int64(1); power != r; {
			if power = power * 65537 % prime; power == 1 {
				return false
			}
		}
	}
	return true
}
