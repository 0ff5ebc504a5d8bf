// Package outbound talks to servers outside: affiliates' postback receivers, through a guard that keeps requests away
// from private networks.
package outbound
