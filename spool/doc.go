// Package spool is the local append-only log that makes an answer durable while PostgreSQL is away: a record is
// appended, fsynced together with all that came meanwhile (group commit), and only then acknowledged. A loader reads
// the durable records back, commits them elsewhere and releases them. Bytes in, bytes out: the package knows nothing
// of clicks or postbacks.
//
// A spool is a folder of numbered segment files, written one after another and never appended to by a later process.
// A segment is deleted when it is sealed and all its records are released; until then every Open delivers all its
// records again, so loading must be idempotent. A segment that holds unreadable bytes is never deleted but renamed
// to *.damaged-at-OFFSET once its good records are released.
//
// On disk, all numbers little-endian:
//
//	segment: magic "WPSPOOL\x00", version uint32, created int64 (Unix ms), CRC32C uint32 of the foregoing; records
//	record:  length uint32 and CRC32C uint32 of what follows: kind byte, id [16]byte, payload
//
// After a failed write or fsync the file is not trusted any more (the kernel may have dropped the dirty pages): it is
// cut back to the last durable record and sealed, and the next batch goes to a new segment. Should cutting fail too,
// records whose Append returned an error may be delivered by a later process.
package spool
