package pgstore

// AgainConditions are those of LogAgain, for a test of their plans.
var AgainConditions = []string{againRefused, againQueued}
