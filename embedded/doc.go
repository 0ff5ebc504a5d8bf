// Package embedded runs the default database and queue of an installation that names none: a private PostgreSQL
// cluster in the data folder, reached only through a unix socket, and an in-memory Redis on a loopback port.
//
// PostgreSQL is the machine's own (15 or newer), else a downloaded one, else one the package manager installs. The
// server process is a child in its own process group. It may outlive a killed Waypost: the next start adopts it. Any
// number of processes may hold a handle on one cluster; the last one to call Stop shuts it down.
//
// What lies in the data folder: postgres (the cluster), postgres.json (where cluster and socket are), postgres.log
// (what the server says before its log folder postgres/log takes over), postgres.start.lock and postgres.use.lock.
package embedded
