package spool

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkAppend measures durable appends of a click-sized record while a loader reads and releases them.
func BenchmarkAppend(b *testing.B) {
	for _, goroutines := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(goroutines), func(b *testing.B) {
			s, err := Open(b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			ctx := b.Context()
			go func() {
				for {
					entries, err := s.Next(ctx, 5000)
					if err != nil {
						return
					}
					release(s, entries)
				}
			}()
			payload := make([]byte, 200)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range goroutines {
				wg.Go(func() {
					for {
						i := next.Add(1)
						if i > int64(b.N) {
							return
						}
						r := Record{Kind: 1, Payload: payload}
						binary.LittleEndian.PutUint64(r.ID[:], uint64(i))
						if err := s.Append(ctx, r); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
			if err := s.WaitDrained(ctx); err != nil {
				b.Error(err)
			}
			b.StopTimer()
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
	}
}

// release settles entries segment by segment, as the loader does after its commit.
func release(s *Spool, entries []Entry) {
	for i := 0; i < len(entries); {
		j := i
		for j < len(entries) && entries[j].Segment == entries[i].Segment {
			j++
		}
		s.Release(entries[i].Segment, j-i)
		i = j
	}
}
