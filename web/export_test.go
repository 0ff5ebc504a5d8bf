package web

// Key is the derived key, for tests that forge tokens.
func (t *Tokens) Key() []byte { return t.key }
