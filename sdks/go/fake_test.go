package quanyu

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	pointsv1 "quanyu.dev/quanyu/points/v1"
)

// turn is what becomes of one attempt: an error, or an answer after some time.
type turn struct {
	err   error
	after time.Duration
}

func refused(err error) turn        { return turn{err: err} }
func slow(after time.Duration) turn { return turn{after: after} }

func repeated(count int, one turn) []turn {
	turns := make([]turn, count)
	for i := range turns {
		turns[i] = one
	}
	return turns
}

// fake is a platform in memory, which goes through its turns and then answers at once.
type fake struct {
	mu         sync.Mutex
	turns      []turn
	requestIDs []string
	at         []time.Time
	limits     []time.Duration
	keys       []string
	pages      int
}

func newFake(turns ...turn) *fake { return &fake{turns: turns} }

func (f *fake) Invoke(ctx context.Context, method string, request, reply any, _ ...grpc.CallOption) error {
	if list, is := request.(*pointsv1.ListEntriesRequest); is {
		f.pages++
		return page(list, reply.(*pointsv1.ListEntriesResponse))
	}
	one := f.arrive(ctx, request.(*pointsv1.RedeemPointsRequest).GetRequestId())
	if one.err != nil {
		return one.err
	}
	select {
	case <-time.After(one.after):
		entry := &pointsv1.Entry{EntryId: "entry-of-" + request.(*pointsv1.RedeemPointsRequest).GetRequestId()}
		proto.Merge(reply.(proto.Message), &pointsv1.RedeemPointsResponse{Entry: entry})
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

func (f *fake) arrive(ctx context.Context, requestID string) turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	deadline, _ := ctx.Deadline()
	sent, _ := metadata.FromOutgoingContext(ctx)
	f.requestIDs = append(f.requestIDs, requestID)
	f.at = append(f.at, time.Now())
	f.limits = append(f.limits, time.Until(deadline))
	f.keys = append(f.keys, fmt.Sprint(sent.Get("authorization")))
	if len(f.turns) == 0 {
		return turn{}
	}
	one := f.turns[0]
	f.turns = f.turns[1:]
	return one
}

// page answers of five entries, which are called by their places.
func page(request *pointsv1.ListEntriesRequest, reply *pointsv1.ListEntriesResponse) error {
	from, _ := strconv.Atoi(request.GetPageToken())
	until := min(from+int(request.GetPageSize()), 5)
	for place := from; place < until; place++ {
		reply.Entries = append(reply.Entries, &pointsv1.Entry{EntryId: strconv.Itoa(place)})
	}
	if until < 5 {
		reply.NextPageToken = strconv.Itoa(until)
	}
	return nil
}

func (f *fake) NewStream(ctx context.Context, _ *grpc.StreamDesc, _ string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	one := f.arrive(ctx, "")
	return nil, one.err
}

func (f *fake) services(change ...func(*settings)) Services {
	with := settings{deadline: DefaultDeadline, retries: true}
	with.key = func(context.Context) (string, error) { return "qy_key", nil }
	for _, one := range change {
		one(&with)
	}
	return servicesOver(newRepeating(f, with))
}

func (f *fake) distinct() int {
	ids := map[string]bool{}
	for _, id := range f.requestIDs {
		ids[id] = true
	}
	return len(ids)
}

func refusal(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) error {
	t.Helper()
	said, err := status.New(code, "refused").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return said.Err()
}

func reason(name string) *errdetails.ErrorInfo {
	return &errdetails.ErrorInfo{Reason: name, Domain: "quanyu.points", Metadata: map[string]string{"available": "70"}}
}

func retryAfter(delay time.Duration) *errdetails.RetryInfo {
	return &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)}
}
