package harness

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"sync"
	"time"
)

const certificateFile = "localhost.pem"

// certificate is what gateways show for localhost, with its key. One that Caddy
// makes at each start takes time, and the race detector finds that Caddy's
// TLS.CaddyModule then copies what its TLS.Start writes.
var certificate = sync.OnceValue(func() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	var b bytes.Buffer
	_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: signed})
	_ = pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return b.Bytes()
})

// withCertificate adds the certificate to a configuration in JSON.
func withCertificate(config []byte, file string) ([]byte, error) {
	files, err := json.Marshal([]map[string]string{{"certificate": file, "key": file}})
	if err != nil {
		return nil, err
	}
	if config, err = set(config, files, "apps", "tls", "certificates", "load_files"); err != nil {
		return nil, err
	}
	var indented bytes.Buffer
	err = json.Indent(&indented, config, "", "\t")
	return indented.Bytes(), err
}

// set returns an object with the member at a path replaced; what is not there
// is made.
func set(object, value []byte, path ...string) ([]byte, error) {
	if len(path) == 0 {
		return value, nil
	}
	members := map[string]json.RawMessage{}
	if len(object) > 0 {
		if err := json.Unmarshal(object, &members); err != nil {
			return nil, err
		}
	}
	member, err := set(members[path[0]], value, path[1:]...)
	if err != nil {
		return nil, err
	}
	members[path[0]] = member
	return json.Marshal(members)
}
