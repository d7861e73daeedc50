package quanyu

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// DefaultDeadline is how long a call may take with all its attempts, where nothing else is said.
const DefaultDeadline = 10 * time.Second

// A connection that broke is made anew at once, not after gRPC's second to two minutes.
const (
	reconnectPause    = 100 * time.Millisecond
	reconnectPauseMax = 2 * time.Second
	connectTimeout    = 5 * time.Second
)

// A connection that says nothing for so long while calls wait is asked whether it is still there, and given up where it
// does not answer in time.
const (
	pingAfter   = 30 * time.Second
	pingTimeout = 10 * time.Second
)

// Client is a client of one platform, which goroutines may share. It keeps its connection. The services hang on it by name:
// what the contract calls PointsService is Points.
type Client struct {
	Services

	conn *grpc.ClientConn
}

// New makes a client of the platform at an address, http://host:port or https://host. The key is an API key or a token; it
// may be empty where [WithKeySource] is given.
//
// A call has the deadline of its context, or else the client's. Within it, a unary method whose contract says that it is safe
// to repeat is repeated after what passes: a platform that is away or has too much to do, a connection that broke, an attempt
// that ran out of its part of the deadline. A request with an empty request_id gets one, which all attempts keep; the
// caller's message stays as it is. Streams are not repeated, and have the deadline of their context alone.
func New(address, key string, options ...Option) (*Client, error) {
	target, secure, err := targetOf(address)
	if err != nil {
		return nil, err
	}
	settings := settings{deadline: DefaultDeadline, retries: true, key: func(context.Context) (string, error) { return key, nil }}
	for _, option := range options {
		option(&settings)
	}
	if settings.deadline <= 0 {
		return nil, fmt.Errorf("quanyu: a call has a deadline of more than 0: %v", settings.deadline)
	}
	credentials := insecure.NewCredentials()
	if secure {
		if credentials, err = settings.tls.credentials(); err != nil {
			return nil, err
		}
	}
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(credentials),
		grpc.WithUserAgent("quanyu-go/"+Version),
		// Retries are the SDK's alone: those of gRPC know neither the budget nor the deadline of an attempt.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: reconnectPause, Multiplier: 1.6, Jitter: 0.2, MaxDelay: reconnectPauseMax},
			MinConnectTimeout: connectTimeout,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout}),
	)
	if err != nil {
		return nil, fmt.Errorf("quanyu: %w", err)
	}
	return &Client{Services: servicesOver(newRepeating(conn, settings)), conn: conn}, nil
}

// Close ends the connection, and the calls that are under way.
func (c *Client) Close() error {
	return c.conn.Close()
}

// targetOf gives the host and port of an address, and whether TLS is spoken there.
func targetOf(address string) (target string, secure bool, err error) {
	at, err := url.Parse(address)
	if err != nil || (at.Scheme != "http" && at.Scheme != "https") || at.Hostname() == "" ||
		(at.Path != "" && at.Path != "/") || at.RawQuery != "" || at.Fragment != "" || at.User != nil {
		return "", false, fmt.Errorf("quanyu: %q is no address: write http:// or https://, the host and perhaps a port", address)
	}
	secure = at.Scheme == "https"
	port := at.Port()
	switch {
	case port != "":
	case secure:
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(at.Hostname(), port), secure, nil
}
