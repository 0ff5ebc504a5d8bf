// Package web is the HTTP plumbing that all doors share: errors as problem documents, the caller's real address,
// access tokens, the access log, security headers, body limits, and of pages: cookies, the check of forged requests, where
// a log-in may lead to.
package web
