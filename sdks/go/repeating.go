package quanyu

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	// The pause before the first repetition, at the most; it doubles each time, up to the longest.
	pauseFirst, pauseMax = 50 * time.Millisecond, 2 * time.Second
	// So often it doubles at the most.
	pauseDoublingsMax = 16
	// The first attempt has this part of the whole deadline; after one that ran out of time, the next has twice as long.
	firstAttemptPart = 4
	// An attempt has some time, however near the end is.
	attemptMin = time.Millisecond
)

// repeating is a connection that repeats what is safe to repeat, with the same request id.
type repeating struct {
	inner    grpc.ClientConnInterface
	settings settings
	budget   *budget
	// Whether a method may be repeated, by its path: what the contract says is looked up once.
	safe sync.Map
}

func newRepeating(inner grpc.ClientConnInterface, settings settings) *repeating {
	return &repeating{inner: inner, settings: settings, budget: newBudget(time.Now)}
}

// Invoke makes a unary call.
func (r *repeating) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	message, isMessage := request.(proto.Message)
	if !isMessage {
		return fmt.Errorf("quanyu: %T is no message", request)
	}
	began := time.Now()
	end, has := ctx.Deadline()
	if !has {
		end = began.Add(r.settings.deadline)
	}
	mayRepeat := r.settings.retries && r.isSafe(method)
	limit := end.Sub(began)
	if mayRepeat {
		limit /= firstAttemptPart
	}
	message, requestID := withRequestID(message)
	r.budget.deposit()
	for attempt := 1; ; attempt++ {
		err := r.attempt(ctx, min(limit, time.Until(end)), method, message, reply, options)
		if err == nil {
			return nil
		}
		failed := newError(err, requestID, attempt)
		pause := pauseAfter(failed, attempt)
		if !mayRepeat || ctx.Err() != nil || !failed.isPassing() || !time.Now().Add(pause).Before(end) {
			return failed
		}
		// Where there was no connection nothing was sent, and the platform has no more to do for it.
		if !failed.isUnsent() && !r.budget.withdraw() {
			return failed
		}
		if failed.Code == codes.DeadlineExceeded {
			limit *= 2
		}
		if !wait(ctx, pause) {
			return failed
		}
	}
}

func (r *repeating) attempt(
	ctx context.Context, limit time.Duration, method string, request, reply any, options []grpc.CallOption,
) error {
	ctx, cancel := context.WithTimeout(ctx, max(attemptMin, limit))
	defer cancel()
	ctx, err := r.withKey(ctx)
	if err != nil {
		return err
	}
	return r.inner.Invoke(ctx, method, request, reply, options...)
}

// withKey adds the key to what is sent. An authorization that the caller's context brings is kept.
func (r *repeating) withKey(ctx context.Context) (context.Context, error) {
	if given, has := metadata.FromOutgoingContext(ctx); has && len(given.Get("authorization")) > 0 {
		return ctx, nil
	}
	key, err := r.settings.key(ctx)
	if err != nil {
		return nil, err
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key), nil
}

// isSafe says whether the contract says that a method has no effect, or has it once for its request id.
func (r *repeating) isSafe(path string) bool {
	if known, has := r.safe.Load(path); has {
		return known.(bool)
	}
	safe := levelOf(path) != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
	r.safe.Store(path, safe)
	return safe
}

// levelOf reads the idempotency_level of a method, such as "/quanyu.points.v1.PointsService/RedeemPoints".
func levelOf(path string) descriptorpb.MethodOptions_IdempotencyLevel {
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "."))
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		return descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
	}
	options, _ := found.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel()
}

// pauseAfter is what the platform asks for, or else at random up to a limit that doubles, so that those who failed together
// do not come again together.
func pauseAfter(failed *Error, attempt int) time.Duration {
	if failed.RetryDelay != nil && *failed.RetryDelay > 0 {
		return *failed.RetryDelay
	}
	return rand.N(min(pauseMax, pauseFirst<<min(attempt-1, pauseDoublingsMax)))
}

// wait waits; false where the caller gives up meanwhile.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// NewStream begins a stream, which is not repeated: what it has done so far only its caller knows.
func (r *repeating) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption,
) (grpc.ClientStream, error) {
	ctx, err := r.withKey(ctx)
	if err != nil {
		return nil, newError(err, "", 0)
	}
	inner, err := r.inner.NewStream(ctx, desc, method, options...)
	if err != nil {
		return nil, newError(err, "", 1)
	}
	return &stream{inner}, nil
}

// stream is a stream whose errors are ours.
type stream struct {
	grpc.ClientStream
}

// SendMsg sends a message, and waits while the platform takes no more of them.
func (s *stream) SendMsg(message any) error { return streamError(s.ClientStream.SendMsg(message)) }

// RecvMsg receives a message; io.EOF where there are no more.
func (s *stream) RecvMsg(message any) error { return streamError(s.ClientStream.RecvMsg(message)) }

func streamError(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return newError(err, "", 1)
}
