package account

// Sender is what one sender can be assumed to own of the network, for keys of a Limiter: an IPv4 address or an IPv6 /64.
func Sender(ip string) string { return network(ip) }
