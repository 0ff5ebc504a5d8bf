// Package redisstore keeps in Redis what all nodes should count together. All of it may vanish at any moment: each node
// counts for itself too, and goes on alone while Redis is away.
package redisstore
