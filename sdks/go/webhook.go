package quanyu

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DefaultWebhookTolerance is how far the time of a message may be from the clock's, either way.
const DefaultWebhookTolerance = 5 * time.Minute

// Webhook is a message that the webhook's secret has proved.
type Webhook struct {
	// ID is the message's id: the same when it is delivered again. Keep those of the last minutes to tell a message that
	// comes a second time.
	ID string
	// Timestamp is when it was sent.
	Timestamp time.Time
}

// WebhookError is why a message is not believed.
type WebhookError struct {
	message string
}

// Error says why.
func (e *WebhookError) Error() string { return "quanyu: " + e.message }

// WebhookVerifier verifies messages by Standard Webhooks (version 1, HMAC-SHA256).
type WebhookVerifier struct {
	// Tolerance is how far the time of a message may be from the clock's, either way.
	Tolerance time.Duration
	// Now is the clock.
	Now func() time.Time

	keys [][]byte
}

// NewWebhookVerifier makes a verifier by the secrets that are valid now: two while one follows the other.
func NewWebhookVerifier(secrets ...string) (*WebhookVerifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("quanyu: a webhook has a secret")
	}
	verifier := &WebhookVerifier{Tolerance: DefaultWebhookTolerance, Now: time.Now}
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) == 0 {
			return nil, errors.New("quanyu: a webhook's secret is whsec_ and base64")
		}
		verifier.keys = append(verifier.keys, key)
	}
	return verifier, nil
}

// Verify says that one who knows a secret has sent this very body, within the tolerance; a *WebhookError where it is not so.
// The body is as it came, before anybody parsed it. The header has webhook-id, webhook-timestamp and webhook-signature.
func (v *WebhookVerifier) Verify(body []byte, header http.Header) (Webhook, error) {
	given := map[string]string{}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		if given[name] = header.Get(name); given[name] == "" {
			return Webhook{}, &WebhookError{fmt.Sprintf("the header %s is missing", name)}
		}
	}
	id, timestamp := given["webhook-id"], given["webhook-timestamp"]
	// So many bits that no time of them is out of a clock's reach.
	seconds, err := strconv.ParseUint(timestamp, 10, 40)
	if err != nil {
		return Webhook{}, &WebhookError{"webhook-timestamp is no time in seconds"}
	}
	sent := time.Unix(int64(seconds), 0)
	if v.Now().Sub(sent).Abs() > v.Tolerance {
		return Webhook{}, &WebhookError{"the message is too old, or its time has not come: see that the clock is right"}
	}
	if !v.isSigned(id+"."+timestamp+".", body, given["webhook-signature"]) {
		return Webhook{}, &WebhookError{"no signature is of one of the secrets: the body, the id or the time is not what was signed"}
	}
	return Webhook{ID: id, Timestamp: sent}, nil
}

func (v *WebhookVerifier) isSigned(head string, body []byte, signatures string) bool {
	for _, key := range v.keys {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(head))
		mac.Write(body)
		expected := mac.Sum(nil)
		for signature := range strings.SplitSeq(signatures, " ") {
			encoded, is := strings.CutPrefix(signature, "v1,")
			candidate, err := base64.StdEncoding.DecodeString(encoded)
			// Compares in constant time.
			if is && err == nil && hmac.Equal(expected, candidate) {
				return true
			}
		}
	}
	return false
}
