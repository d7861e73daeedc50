package quanyu

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc/credentials"
)

// Option sets how a client calls.
type Option func(*settings)

type settings struct {
	key      func(context.Context) (string, error)
	deadline time.Duration
	retries  bool
	tls      TLS
}

// WithKeySource gives the key by a function, which is asked at each attempt: for tokens that are renewed.
func WithKeySource(source func(context.Context) (string, error)) Option {
	return func(s *settings) { s.key = source }
}

// WithDeadline sets how long a call may take with all its attempts, where its context has no deadline.
func WithDeadline(deadline time.Duration) Option {
	return func(s *settings) { s.deadline = deadline }
}

// WithoutRetries makes nothing be repeated.
func WithoutRetries() Option {
	return func(s *settings) { s.retries = false }
}

// TLS says how https:// is spoken, where the system's CAs and no certificate of the caller's own are not right.
type TLS struct {
	// CAFile has the CAs to trust instead of the system's, as PEM.
	CAFile string
	// CertFile and KeyFile have the caller's own certificate and its key, as PEM.
	CertFile, KeyFile string
	// ServerName is the name in the platform's certificate, where it is not the address's.
	ServerName string
}

// WithTLS says how https:// is spoken.
func WithTLS(how TLS) Option {
	return func(s *settings) { s.tls = how }
}

func (t TLS) credentials() (credentials.TransportCredentials, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("quanyu: CAs: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("quanyu: %s has no certificate as PEM", t.CAFile)
		}
	}
	if t.CertFile != "" || t.KeyFile != "" {
		own, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("quanyu: the caller's certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	return credentials.NewTLS(config), nil
}
