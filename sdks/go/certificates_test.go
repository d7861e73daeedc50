package quanyu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

type certificates struct{ ca, cert, key string }

// makeCertificates makes a CA, and a certificate of quanyu.test that it has signed.
func makeCertificates(t *testing.T) certificates {
	t.Helper()
	caKey, caTemplate := newKey(t), template("CA")
	caTemplate.IsCA, caTemplate.BasicConstraintsValid, caTemplate.KeyUsage = true, true, x509.KeyUsageCertSign
	ca := signed(t, caTemplate, caTemplate, caKey, caKey)
	key, own := newKey(t), template("quanyu")
	own.DNSNames = []string{"quanyu.test"}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	return certificates{
		ca:   write(t, folder, "ca.pem", "CERTIFICATE", ca),
		cert: write(t, folder, "quanyu.pem", "CERTIFICATE", signed(t, own, caTemplate, key, caKey)),
		key:  write(t, folder, "quanyu.key", "PRIVATE KEY", private),
	}
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func signed(t *testing.T, of, by *x509.Certificate, key, byKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, of, by, key.Public(), byKey)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func write(t *testing.T, folder, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
