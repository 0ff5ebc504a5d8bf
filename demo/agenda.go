package demo

import (
	"container/heap"
	"context"
	"time"
)

// deed is something that happens at a time.
type deed struct {
	at  time.Time
	seq int // of the same instant, the one planned first happens first
	do  func(ctx context.Context) error
}

// agenda is what is going to happen, a heap by time.
type agenda struct {
	deeds []deed
	seq   int
}

func (a *agenda) plan(at time.Time, do func(ctx context.Context) error) {
	a.seq++
	heap.Push(a, deed{at.UTC().Truncate(time.Millisecond), a.seq, do})
}

// next takes the earliest deed that is due by then.
func (a *agenda) next(by time.Time) (deed, bool) {
	if len(a.deeds) == 0 || a.deeds[0].at.After(by) {
		return deed{}, false
	}
	return heap.Pop(a).(deed), true
}

// Len implements heap.Interface.
func (a *agenda) Len() int { return len(a.deeds) }

// Less implements heap.Interface.
func (a *agenda) Less(i, j int) bool {
	if !a.deeds[i].at.Equal(a.deeds[j].at) {
		return a.deeds[i].at.Before(a.deeds[j].at)
	}
	return a.deeds[i].seq < a.deeds[j].seq
}

// Swap implements heap.Interface.
func (a *agenda) Swap(i, j int) { a.deeds[i], a.deeds[j] = a.deeds[j], a.deeds[i] }

// Push implements heap.Interface.
func (a *agenda) Push(x any) { a.deeds = append(a.deeds, x.(deed)) }

// Pop implements heap.Interface.
func (a *agenda) Pop() any {
	last := a.deeds[len(a.deeds)-1]
	a.deeds = a.deeds[:len(a.deeds)-1]
	return last
}
