// Package live tells what just happened: clicks, incoming postbacks with their outcome, outgoing deliveries. It stores
// nothing and waits for nothing: who watches asks again and again with the cursor of the time before.
//
// What is told once is not told again, and what commits a little late is still told: each poll looks at the newest rows
// since Overlap before the poll before and leaves out those that the cursor remembers. With more than MostRows new rows
// of a kind between two polls, or a pause longer than Backlog, the older ones are passed over; a filter narrows.
package live
