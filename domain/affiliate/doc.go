// Package affiliate holds the publishers who bring visitors through tracking links and are paid commission.
package affiliate
