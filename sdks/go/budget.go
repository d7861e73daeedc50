package quanyu

import (
	"sync"
	"time"
)

// A hundred repetitions may be saved; a second brings ten of them, and a call a tenth of one.
const (
	budgetMax       = 100.0
	budgetPerSecond = 10.0
	budgetPerCall   = 0.1
	// Sums of tenths are a little less than they should be.
	budgetTolerance = 1e-9
)

// budget is how many calls may still be repeated: ten a second and a tenth of all calls. Where the platform is slow because
// it has too much to do, repeating every call would give it more.
type budget struct {
	mu   sync.Mutex
	now  func() time.Time
	seen time.Time
	left float64
}

func newBudget(now func() time.Time) *budget {
	return &budget{now: now, seen: now(), left: budgetMax}
}

// deposit says that a call is made.
func (b *budget) deposit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(budgetPerCall)
}

// withdraw takes one repetition out; false where none is left.
func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.add(0)
	if b.left < 1-budgetTolerance {
		return false
	}
	b.left--
	return true
}

func (b *budget) add(brought float64) {
	now := b.now()
	b.left = min(budgetMax, b.left+now.Sub(b.seen).Seconds()*budgetPerSecond+brought)
	b.seen = now
}
