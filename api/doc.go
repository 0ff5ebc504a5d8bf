// Package api is the JSON API, version 1. One file per resource holds its request and response types, its routes and
// its handlers. A handler reads the input, calls one use case of the domain and renders the result for the actor's
// role; it decides nothing.
package api
