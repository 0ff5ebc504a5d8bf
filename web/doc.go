// Package web is the HTTP plumbing that all doors share: errors as problem documents, the caller's real address,
// access tokens, the access log, security headers and body limits.
package web
