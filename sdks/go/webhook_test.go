package quanyu

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The example of the specification, Standard Webhooks.
const (
	webhookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	webhookOther  = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
	webhookBody   = `{"test": 2432232314}`
	webhookSent   = 1614265330
)

// webhookHeader is the example's header, with some of it changed.
func webhookHeader(changed ...string) http.Header {
	header := http.Header{}
	header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set("webhook-timestamp", "1614265330")
	header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	for i := 0; i < len(changed); i += 2 {
		header.Set(changed[i], changed[i+1])
	}
	return header
}

func verified(t *testing.T, body string, header http.Header, after time.Duration, secrets ...string) error {
	t.Helper()
	verifier, err := NewWebhookVerifier(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	verifier.Now = func() time.Time { return time.Unix(webhookSent, 0).Add(after) }
	message, err := verifier.Verify([]byte(body), header)
	if refusal := new(WebhookError); err != nil && !errors.As(err, &refusal) {
		t.Error(err)
	}
	if err == nil && (message.ID != header.Get("webhook-id") || message.Timestamp.Unix() != webhookSent) {
		t.Error(message)
	}
	return err
}

func TestAMessageOfOneWhoKnowsASecretIsBelieved(t *testing.T) {
	signature := webhookHeader().Get("webhook-signature")
	several := "v1," + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 32))) + " v1a,abc v2,eQ== " + signature
	for _, err := range []error{
		verified(t, webhookBody, webhookHeader(), 0, webhookSecret),
		verified(t, webhookBody, webhookHeader(), 0, strings.TrimPrefix(webhookSecret, "whsec_")),
		verified(t, webhookBody, webhookHeader(), 0, webhookOther, webhookSecret),
		verified(t, webhookBody, webhookHeader("webhook-signature", several), 0, webhookSecret),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestWhateverWasChangedIsNotBelieved(t *testing.T) {
	signature := webhookHeader().Get("webhook-signature")
	for _, one := range []struct {
		body   string
		header http.Header
		secret string
	}{
		{webhookBody + " ", webhookHeader(), webhookSecret},
		{webhookBody, webhookHeader(), webhookOther},
		{webhookBody, webhookHeader("webhook-id", "msg_another"), webhookSecret},
		{webhookBody, webhookHeader("webhook-timestamp", "1614265331"), webhookSecret},
		{webhookBody, webhookHeader("webhook-timestamp", "1614265330.0"), webhookSecret},
		{webhookBody, webhookHeader("webhook-timestamp", "+1614265330"), webhookSecret},
		{webhookBody, webhookHeader("webhook-timestamp", "9999999999999999999"), webhookSecret},
		{webhookBody, webhookHeader("webhook-signature", strings.Replace(signature, "v1,", "v2,", 1)), webhookSecret},
		{webhookBody, webhookHeader("webhook-signature", strings.TrimPrefix(signature, "v1,")), webhookSecret},
		{webhookBody, webhookHeader("webhook-signature", "v1,no base64"), webhookSecret},
		{webhookBody, webhookHeader("webhook-signature", "v1,"), webhookSecret},
		{webhookBody, webhookHeader("webhook-signature", ""), webhookSecret},
		{webhookBody, http.Header{"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}}, webhookSecret},
	} {
		if verified(t, one.body, one.header, 0, one.secret) == nil {
			t.Error(one)
		}
	}
}

func TestAMessageIsBelievedForFiveMinutesEitherWay(t *testing.T) {
	for after, believed := range map[time.Duration]bool{
		-5 * time.Minute: true, 5 * time.Minute: true, -5*time.Minute - time.Second: false, 5*time.Minute + time.Second: false,
	} {
		if err := verified(t, webhookBody, webhookHeader(), after, webhookSecret); (err == nil) != believed {
			t.Error(after, err)
		}
	}
}

func TestASecretIsBase64(t *testing.T) {
	for _, secrets := range [][]string{{}, {""}, {"whsec_"}, {"whsec_?"}, {webhookSecret, "?"}} {
		if _, err := NewWebhookVerifier(secrets...); err == nil {
			t.Error(secrets)
		}
	}
}
