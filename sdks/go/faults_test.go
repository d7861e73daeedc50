package quanyu

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	pointsv1 "quanyu.dev/quanyu/points/v1"
)

const (
	faultCalls, faultCallers = 200, 4
	faultDeadline            = 30 * time.Second
)

// Calls through a proxy that cuts connections before and after a request got through, and answers late.
func TestThroughFaults(t *testing.T) {
	platform := startPlatform(t)
	direct := platform.client()
	openShop(t, direct)

	// redeemAll redeems one point so many times, and tells how many points that took, by how many attempts.
	redeemAll := func(t *testing.T, name string, over func(grpc.ClientConnInterface) grpc.ClientConnInterface) (taken, attempts int64) {
		memberID := memberWith(t, direct, name, 1000)
		address, end := startFaults(t, platform.listen, 1)
		client := clientOf(t, address, platform.key)
		counted := &counting{ClientConnInterface: client.conn}
		key := func(context.Context) (string, error) { return platform.key, nil }
		services := servicesOver(newRepeating(over(counted), settings{deadline: faultDeadline, retries: true, key: key}))
		var left atomic.Int64
		left.Store(faultCalls)
		var callers sync.WaitGroup
		for range faultCallers {
			callers.Go(func() {
				for left.Add(-1) >= 0 {
					if _, err := services.Points.RedeemPoints(t.Context(), redemptionOf(memberID)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		callers.Wait()
		taken = 1000 - balanceOf(t, direct.Services, memberID)
		t.Logf("%d calls were sent %d times and took %d points; %s", faultCalls, counted.sent.Load(), taken, end())
		return taken, counted.sent.Load()
	}
	t.Run("redemptions take what they say", func(t *testing.T) {
		same := func(inner grpc.ClientConnInterface) grpc.ClientConnInterface { return inner }
		if taken, attempts := redeemAll(t, "faults", same); taken != faultCalls || attempts <= faultCalls {
			t.Error(taken, attempts)
		}
	})
	t.Run("with another request id at each attempt they would take more", func(t *testing.T) {
		without := func(inner grpc.ClientConnInterface) grpc.ClientConnInterface { return forgetful{inner} }
		if taken, _ := redeemAll(t, "forgetful", without); taken <= faultCalls {
			t.Error(taken)
		}
	})
}

type counting struct {
	grpc.ClientConnInterface
	sent atomic.Int64
}

func (c *counting) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	c.sent.Add(1)
	return c.ClientConnInterface.Invoke(ctx, method, request, reply, options...)
}

// forgetful is what is wrong with most retries: each attempt is a request of its own.
type forgetful struct{ grpc.ClientConnInterface }

func (f forgetful) Invoke(ctx context.Context, method string, request, reply any, options ...grpc.CallOption) error {
	own := proto.Clone(request.(proto.Message)).(*pointsv1.RedeemPointsRequest)
	own.RequestId = NewRequestID()
	return f.ClientConnInterface.Invoke(ctx, method, own, reply, options...)
}
