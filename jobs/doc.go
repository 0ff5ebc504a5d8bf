// Package jobs holds what happens beside the requests: the workers of asynq, the periodic jobs, the sweeper of due
// deliveries, and the loader of a node's spool. What a job decides stands in the domain.
//
// Redis only hastens. A task says "look at this host", never what is owed: that is a row, written with the change that
// caused it. So tasks are not retried, kept or made unique; a Redis that was emptied loses nothing.
package jobs
