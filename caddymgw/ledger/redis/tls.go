package redis

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// target reads the URLs and files.
func (c Config) target() (*target, error) {
	t, err := c.locate()
	if err != nil {
		return nil, fmt.Errorf("redis: %w", err)
	}
	if t.tls, err = t.tlsConfig(); err != nil {
		return nil, fmt.Errorf("redis: TLS: %w", err)
	}
	return &t, nil
}

// tlsConfig returns nil where TLS is not spoken.
func (t *target) tlsConfig() (*tls.Config, error) {
	if t.scheme != "rediss" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		content, err := os.ReadFile(t.CAFile) //nolint:gosec // the operator names it
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("%s has no certificate", t.CAFile)
		}
	}
	if t.CertFile == "" {
		return config, nil
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		certificate, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certificate %s with key %s: %w", t.CertFile, t.KeyFile, err)
		}
		return &certificate, nil
	}
	_, err := config.GetClientCertificate(nil)
	return config, err
}
