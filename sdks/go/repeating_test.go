package quanyu

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pointsv1 "quanyu.dev/quanyu/points/v1"
)

func redemption() *pointsv1.RedeemPointsRequest {
	return &pointsv1.RedeemPointsRequest{MemberId: "mbr_1", AssetCode: "points", Amount: 1}
}

// failure makes a call that fails.
func failure(t *testing.T, ctx context.Context, services Services, request *pointsv1.RedeemPointsRequest) *Error {
	t.Helper()
	answer, err := services.Points.RedeemPoints(ctx, request)
	failed := new(Error)
	if !errors.As(err, &failed) {
		t.Fatalf("%v, %v", answer, err)
	}
	return failed
}

// inTime runs a test by a clock that goes on when everybody waits.
func inTime(t *testing.T, name string, test func(t *testing.T)) {
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func TestACallThatFailsForAMomentIsRepeatedWithTheRequestIDThatItGot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(
			refused(refusal(t, codes.Unavailable)), refused(refusal(t, codes.Aborted)), refused(refusal(t, codes.DeadlineExceeded)),
		)
		request := redemption()
		answer, err := fake.services().Points.RedeemPoints(t.Context(), request)
		if err != nil || len(fake.requestIDs) != 4 || fake.distinct() != 1 {
			t.Fatal(err, fake.requestIDs)
		}
		id := fake.requestIDs[0]
		if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
			t.Error(id)
		}
		if answer.GetEntry().GetEntryId() != "entry-of-"+id || request.GetRequestId() != "" {
			t.Error(answer, request)
		}
		if fake.keys[3] != "[Bearer qy_key]" {
			t.Error(fake.keys)
		}
	})
}

func TestRequestIDs(t *testing.T) {
	inTime(t, "the caller's own is kept", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable)))
		request := redemption()
		request.RequestId = "order-1"
		if _, err := fake.services().Points.RedeemPoints(t.Context(), request); err != nil || fake.requestIDs[0] != "order-1" || fake.requestIDs[1] != "order-1" {
			t.Error(err, fake.requestIDs)
		}
	})
	inTime(t, "each call gets one of its own", func(t *testing.T) {
		fake := newFake()
		services := fake.services()
		for range 2 {
			if _, err := services.Points.RedeemPoints(t.Context(), redemption()); err != nil {
				t.Fatal(err)
			}
		}
		if fake.distinct() != 2 {
			t.Error(fake.requestIDs)
		}
	})
	inTime(t, "they sort by their time", func(t *testing.T) {
		for range 100 {
			first := NewRequestID()
			time.Sleep(time.Millisecond)
			if next := NewRequestID(); first >= next {
				t.Fatal(first, next)
			}
		}
	})
}

func TestAConnectionThatBreaksIsTriedAgainAndADistrustedOneIsNot(t *testing.T) {
	const dial = `connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"`
	for _, one := range []struct {
		code     codes.Code
		message  string
		attempts int
	}{
		{codes.Unavailable, dial, 2},
		{codes.Unavailable, "error reading from server: EOF", 2},
		{codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: read tcp: connection reset by peer"`, 2},
		{codes.Canceled, "stream terminated by RST_STREAM with error code: CANCEL", 2},
		{codes.Internal, "server closed the stream without sending trailers", 2},
		{codes.Unknown, "unexpected EOF", 2},
		{codes.Internal, "grpc: error unmarshalling", 1},
		{codes.Unknown, "anything", 1},
		{codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: unknown authority"`, 1},
		{codes.Unavailable, `connection error: desc = "transport: authentication handshake failed: tls: first record does not look like a TLS handshake"`, 1},
	} {
		inTime(t, one.message, func(t *testing.T) {
			fake := newFake(refused(status.Error(one.code, one.message)))
			_, err := fake.services().Points.RedeemPoints(t.Context(), redemption())
			if len(fake.requestIDs) != one.attempts || (err == nil) != (one.attempts == 2) {
				t.Error(err, fake.requestIDs)
			}
		})
	}
	inTime(t, "what the platform says with a reason is no broken connection", func(t *testing.T) {
		said, _ := status.New(codes.Internal, "RST_STREAM").WithDetails(reason("BROKEN"))
		fake := newFake(refused(said.Err()))
		failure(t, t.Context(), fake.services(), redemption())
	})
}

func TestARefusalIsNotRepeatedAndSaysAllThatThePlatformSays(t *testing.T) {
	bad := &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "amount", Description: "must be positive"}}}
	fake := newFake(refused(refusal(t, codes.FailedPrecondition, reason("INSUFFICIENT_POINTS"), bad)))
	request := redemption()
	request.RequestId = "order-1"
	failed := failure(t, t.Context(), fake.services(), request)
	if failed.Code != codes.FailedPrecondition || failed.Reason != "INSUFFICIENT_POINTS" || failed.Domain != "quanyu.points" ||
		failed.Metadata["available"] != "70" || failed.RetryDelay != nil || failed.RequestID != "order-1" || failed.Attempts != 1 ||
		failed.Message != "refused" || len(fake.requestIDs) != 1 {
		t.Errorf("%#v", failed)
	}
	if len(failed.Violations) != 1 || failed.Violations[0] != (Violation{"amount", "must be positive"}) {
		t.Error(failed.Violations)
	}
	if failed.Error() != "quanyu: FailedPrecondition INSUFFICIENT_POINTS: refused" || status.Code(failed) != codes.FailedPrecondition {
		t.Error(failed)
	}
	if len(status.Convert(failed).Details()) != 2 || errors.Is(failed, context.DeadlineExceeded) || errors.Is(failed, context.Canceled) {
		t.Error(status.Convert(failed))
	}
}

func TestWhatIsRepeatedDependsOnTheReasonAndTheDelay(t *testing.T) {
	inTime(t, "a thing that somebody else changed is not asked for again", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Aborted, reason("ETAG_MISMATCH"))))
		failure(t, t.Context(), fake.services(), redemption())
	})
	inTime(t, "a limit without a delay is an answer", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.ResourceExhausted)))
		failure(t, t.Context(), fake.services(), redemption())
	})
	inTime(t, "a limit with a delay is waited for", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.ResourceExhausted, retryAfter(3*time.Second))))
		if _, err := fake.services().Points.RedeemPoints(t.Context(), redemption()); err != nil || fake.at[1].Sub(fake.at[0]) != 3*time.Second {
			t.Error(err, fake.at)
		}
	})
	inTime(t, "a wait that the deadline does not reach is not begun", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable, retryAfter(time.Minute))))
		began := time.Now()
		failed := failure(t, t.Context(), fake.services(), redemption())
		if time.Since(began) != 0 || *failed.RetryDelay != time.Minute {
			t.Error(failed)
		}
	})
}

func TestAnAttemptThatTakesTooLongIsLeftForOneThatHasTwiceTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(repeated(9, slow(time.Hour))...)
		began := time.Now()
		failed := failure(t, t.Context(), fake.services(), redemption())
		if failed.Code != codes.DeadlineExceeded || failed.Attempts != 3 || !errors.Is(failed, context.DeadlineExceeded) {
			t.Error(failed)
		}
		if fake.limits[0] != 2500*time.Millisecond || fake.limits[1] != 5*time.Second || fake.limits[2] > 2500*time.Millisecond {
			t.Error(fake.limits)
		}
		if took := time.Since(began); took > DefaultDeadline || took < DefaultDeadline-10*time.Millisecond {
			t.Error(took)
		}
	})
}

func TestNoCallOutlivesItsDeadline(t *testing.T) {
	inTime(t, "of its context", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		fake := newFake(repeated(50, slow(time.Hour))...)
		began := time.Now()
		failure(t, ctx, fake.services(), redemption())
		if time.Since(began) > 2*time.Second || fake.limits[0] != 500*time.Millisecond {
			t.Error(time.Since(began), fake.limits)
		}
	})
	inTime(t, "of its client", func(t *testing.T) {
		fake := newFake(repeated(50, refused(refusal(t, codes.Unavailable)))...)
		began := time.Now()
		failed := failure(t, t.Context(), fake.services(func(s *settings) { s.deadline = 400 * time.Millisecond }), redemption())
		if time.Since(began) > 400*time.Millisecond || failed.Attempts != len(fake.requestIDs) || failed.Attempts < 2 {
			t.Error(time.Since(began), failed)
		}
	})
}

func TestPausesGrow(t *testing.T) {
	longest := make([]time.Duration, 9)
	for range 200 {
		for attempt := range longest {
			longest[attempt] = max(longest[attempt], pauseAfter(&Error{}, attempt+1))
		}
	}
	for attempt, found := range longest {
		limit := min(2*time.Second, 50*time.Millisecond<<attempt)
		if found > limit || found < limit*3/4 {
			t.Errorf("attempt %d: %v of %v", attempt+1, found, limit)
		}
	}
	if pause := pauseAfter(&Error{}, 1000); pause > 2*time.Second {
		t.Error(pause)
	}
	none := time.Duration(0)
	for range 10 {
		if pauseAfter(&Error{RetryDelay: &none}, 5) > 0 {
			return
		}
	}
	t.Error("a delay of nothing hammers")
}

func TestADeadPlatformIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(repeated(10_000, refused(refusal(t, codes.Unavailable)))...)
		services := fake.services(func(s *settings) { s.deadline = 2 * time.Second })
		var calls sync.WaitGroup
		for range 300 {
			calls.Go(func() { failure(t, t.Context(), services, redemption()) })
		}
		calls.Wait()
		if sent := len(fake.requestIDs); sent < 400 || sent > 450 {
			t.Errorf("300 calls were sent %d times", sent)
		}
	})
	inTime(t, "but where there is none, the budget is not asked", func(t *testing.T) {
		nobody := status.Error(codes.Unavailable, `connection error: desc = "transport: Error while dialing: dial tcp: connection refused"`)
		fake := newFake(repeated(10_000, refused(nobody))...)
		services := fake.services(func(s *settings) { s.deadline = 2 * time.Second })
		var calls sync.WaitGroup
		for range 300 {
			calls.Go(func() { failure(t, t.Context(), services, redemption()) })
		}
		calls.Wait()
		if sent := len(fake.requestIDs); sent < 1200 {
			t.Errorf("300 calls were sent %d times", sent)
		}
	})
}

func TestACallBringsATenthOfARepetition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := newRepeating(newFake(), settings{deadline: time.Second, key: func(context.Context) (string, error) { return "", nil }})
		for over.budget.withdraw() {
		}
		for range 10 {
			if err := over.Invoke(t.Context(), pointsv1.PointsService_RedeemPoints_FullMethodName, redemption(), &pointsv1.RedeemPointsResponse{}); err != nil {
				t.Fatal(err)
			}
		}
		if !over.budget.withdraw() || over.budget.withdraw() {
			t.Error("ten calls bring one repetition")
		}
	})
}

func TestTheBudgetFillsWithTimeAndWithCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := newBudget(time.Now)
		takeAll := func() (taken int) {
			for budget.withdraw() {
				taken++
			}
			return taken
		}
		if taken := takeAll(); taken != 100 {
			t.Error(taken)
		}
		time.Sleep(time.Second)
		if taken := takeAll(); taken != 10 {
			t.Error(taken)
		}
		for range 50 {
			budget.deposit()
		}
		if taken := takeAll(); taken != 5 {
			t.Error(taken)
		}
		time.Sleep(time.Hour)
		if taken := takeAll(); taken != 100 {
			t.Error(taken)
		}
	})
}

func TestNothingIsRepeated(t *testing.T) {
	inTime(t, "where the contract does not say that it is safe", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable)))
		over := newRepeating(fake, settings{deadline: time.Second, retries: true, key: func(context.Context) (string, error) { return "", nil }})
		err := over.Invoke(t.Context(), "/quanyu.points.v1.PointsService/Unknown", redemption(), &pointsv1.RedeemPointsResponse{})
		if err == nil || len(fake.requestIDs) != 1 || fake.limits[0] != time.Second {
			t.Error(err, fake.limits)
		}
	})
	inTime(t, "where the caller does not want it", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable)))
		failure(t, t.Context(), fake.services(WithoutRetries()), redemption())
		if len(fake.requestIDs) != 1 || fake.limits[0] != DefaultDeadline {
			t.Error(fake.limits)
		}
	})
	inTime(t, "where the caller gives up", func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable, retryAfter(5*time.Second))), slow(time.Hour))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		began := time.Now()
		failure(t, ctx, fake.services(), redemption())
		if time.Since(began) != 100*time.Millisecond || len(fake.requestIDs) != 1 {
			t.Error(time.Since(began), fake.requestIDs)
		}
		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		if failed := failure(t, ctx, fake.services(), redemption()); !errors.Is(failed, context.Canceled) || len(fake.requestIDs) != 2 {
			t.Error(failed, fake.requestIDs)
		}
	})
}

func TestTheKeyIsAskedForAtEachAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable)))
		keys := []string{"first", "second"}
		services := fake.services(WithKeySource(func(context.Context) (string, error) {
			key := keys[0]
			keys = keys[1:]
			return key, nil
		}))
		if _, err := services.Points.RedeemPoints(t.Context(), redemption()); err != nil || fake.keys[0] != "[Bearer first]" || fake.keys[1] != "[Bearer second]" {
			t.Error(err, fake.keys)
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer own")
		if _, err := services.Points.RedeemPoints(ctx, redemption()); err != nil || fake.keys[2] != "[Bearer own]" {
			t.Error(err, fake.keys)
		}
		missing := errors.New("no key today")
		services = fake.services(WithKeySource(func(context.Context) (string, error) { return "", missing }))
		if failed := failure(t, t.Context(), services, redemption()); !errors.Is(failed, missing) || len(fake.keys) != 3 {
			t.Error(failed, fake.keys)
		}
	})
}

func TestAStreamIsNotRepeatedAndHasOurErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake(refused(refusal(t, codes.Unavailable, reason("BUSY"))))
		services := fake.services()
		for answer, err := range Stream(t.Context(), services.Exports.ExportEntries, &pointsv1.ExportEntriesRequest{AssetCode: "points"}) {
			failed := new(Error)
			if !errors.As(err, &failed) || failed.Reason != "BUSY" || fake.keys[0] != "[Bearer qy_key]" || len(fake.keys) != 1 {
				t.Error(answer, err, fake.keys)
			}
		}
		over := &stream{brokenStream{}}
		if failed := new(Error); !errors.As(over.RecvMsg(nil), &failed) || !errors.As(over.SendMsg(nil), &failed) {
			t.Error(failed)
		}
	})
}

type brokenStream struct{ grpc.ClientStream }

func (brokenStream) SendMsg(any) error { return status.Error(codes.Internal, "sent") }
func (brokenStream) RecvMsg(any) error { return status.Error(codes.Internal, "received") }
