// Package jobs holds what happens beside the requests: the workers of asynq, the periodic jobs, the sweeper of due
// deliveries, and the loader of a node's spool.
package jobs
