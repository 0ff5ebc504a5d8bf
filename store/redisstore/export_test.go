package redisstore

import "time"

// WaitLonger lets a busy machine take its time, in tests of the count itself.
func (l *Limits) WaitLonger() { l.wait = 20 * time.Second }
