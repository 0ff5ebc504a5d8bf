package embedded

import (
	"fmt"

	"github.com/prometheus/procfs"
)

// sharedBuffers is an eighth of the machine's memory, 128 to 512 MB: PostgreSQL's manual speaks of a quarter where it has
// the machine to itself, and here the server and all that it keeps in memory share it. Where nothing tells how much there
// is, the least.
func sharedBuffers() string {
	const least, most = 128, 512
	size := uint64(least)
	if proc, err := procfs.NewDefaultFS(); err == nil {
		if m, err := proc.Meminfo(); err == nil && m.MemTotalBytes != nil {
			size = *m.MemTotalBytes >> 20 / 8
		}
	}
	return fmt.Sprintf("%dMB", min(max(size, least), most))
}
