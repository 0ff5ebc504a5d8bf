package portal

// Sentence makes a whole sentence of a service's message: a capital first, a full stop last.
func Sentence(s string) string { return sentence(s) }
