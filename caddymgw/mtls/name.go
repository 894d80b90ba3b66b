package mtls

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
)

// names returns the text forms of a distinguished name: first as
// pkix.Name.String gives it, then in the order in which it is written (RFC
// 4514), as openssl's RFC2253 prints it. The first keeps only the last of two
// common names or serial numbers, so there it is left out: two names must not
// look alike.
func names(raw []byte) []string {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &sequence); err != nil || len(rest) > 0 {
		return nil
	}
	written := sequence.String()
	var name pkix.Name
	name.FillFromRDNSequence(&sequence)
	if repeated(name, oidCommonName) || repeated(name, oidSerialNumber) {
		return []string{written}
	}
	return slices.Compact([]string{name.String(), written})
}

var (
	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
)

func repeated(n pkix.Name, oid asn1.ObjectIdentifier) bool {
	count := 0
	for _, a := range n.Names {
		if a.Type.Equal(oid) {
			count++
		}
	}
	return count > 1
}

// written are the attribute types that have a name; all others are an OID.
var written = []string{"C", "O", "OU", "CN", "SERIALNUMBER", "L", "ST", "STREET", "POSTALCODE"}

var errName = errors.New(`it is neither "sha256:" and the pin of a public key, nor a distinguished name like "CN=Partner CA,O=Partner" (as openssl prints it with -nameopt RFC2253)`)

// checkName refuses what no certificate's name can be equal to, such as
// "CN = Partner CA, O = Partner".
func checkName(s string) error {
	for _, part := range splitName(s) {
		typ, _, found := strings.Cut(part, "=")
		switch {
		case !found:
			return errName
		case slices.Contains(written, typ), strings.Trim(typ, "0123456789.") == "" && typ != "":
		case strings.ContainsAny(typ, " \t"):
			return errName
		default:
			return errors.New("the attribute " + typ + " is compared by its number: pin the public key of the authority instead, sha256:...")
		}
	}
	return nil
}

// splitName splits at every comma and plus sign that is not escaped.
func splitName(s string) (parts []string) {
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case ',', '+':
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}
