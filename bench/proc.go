package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ticks is USER_HZ of /proc, 100 on every architecture that Go and PostgreSQL run on.
const ticks = 100

// processes are those whose CPU time a round counts; 0 = none.
type processes struct {
	server     int
	children   bool // the server's children are counted with it
	postmaster int  // its children are counted with it
}

// usage is CPU time spent up to a moment, in seconds. All but at are NaN where there is no /proc.
type usage struct {
	at                     time.Time
	self, server, database float64
	others                 float64 // all other processes that can be seen, and what a virtual machine's host took away
	machine                float64 // every core's time that was not idle, interrupts left out
}

func (p processes) usage() usage {
	u := usage{at: time.Now()}
	u.machine, u.others = machineTime()
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	if len(dirs) == 0 {
		u.self, u.server, u.database = math.NaN(), math.NaN(), math.NaN()
	}
	for _, dir := range dirs {
		b, err := os.ReadFile(filepath.Join(dir, "stat"))
		pid, _ := strconv.Atoi(filepath.Base(dir))
		t, ok := parseStat(b)
		switch {
		case err != nil || !ok: // it has ended; its time is its parent's now
		case pid == os.Getpid():
			u.self += t.own
		case p.server != 0 && (pid == p.server || p.children && t.parent == p.server):
			u.server += t.own
		case p.postmaster != 0 && (pid == p.postmaster || t.parent == p.postmaster):
			u.database += t.own + t.ofDead
		default:
			u.others += t.own + t.ofDead
		}
	}
	return u
}

// spent is what was used from before to after.
func spent(before, after usage) usage {
	return usage{at: after.at, self: after.self - before.self, server: after.server - before.server,
		database: after.database - before.database, others: after.others - before.others, machine: after.machine - before.machine}
}

// otherLoad is the share of the machine, 0 to 1, that everything but the counted processes took between two moments. Of
// two estimates it is the larger: the sum of the processes misses those of other containers; the cores' time without
// the counted processes' misses as much as the kernel counts in both interrupts and processes.
func otherLoad(before, after usage, cores int) float64 {
	u := spent(before, after)
	whole := after.at.Sub(before.at).Seconds() * float64(cores)
	return max(0, u.others, u.machine-u.self-u.server-u.database) / whole
}

// machineTime is the time that all cores were not idle, without interrupts, and the part of it that the host took away.
func machineTime() (busy, stolen float64) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return math.NaN(), math.NaN()
	}
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return math.NaN(), math.NaN()
	}
	return seconds(f[1], f[2], f[3], f[8]), seconds(f[8]) // user, nice, system, steal
}

// memory is what a process has in memory: the most since resetPeak, and now; NaN where there is no /proc. In MB (10⁶ bytes).
func memory(pid int) (peak, now figure) {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return parseStatus(b, "VmHWM:"), parseStatus(b, "VmRSS:")
}

// resetPeak lets the most that a process has had in memory begin anew. Where that is not allowed the most is that since
// its start.
func resetPeak(pid int) {
	_ = os.WriteFile("/proc/"+strconv.Itoa(pid)+"/clear_refs", []byte("5"), 0)
}

// parseStatus reads a line of /proc/<pid>/status that ends in kB, which are of 1024 bytes.
func parseStatus(b []byte, name string) figure {
	_, rest, found := bytes.Cut(b, []byte("\n"+name))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	f := strings.Fields(string(line))
	if !found || len(f) != 2 || f[1] != "kB" {
		return figure(math.NaN())
	}
	n, err := strconv.ParseUint(f[0], 10, 40)
	if err != nil {
		return figure(math.NaN())
	}
	return figure(float64(n) * 1024 / 1e6)
}

type spentTime struct {
	parent      int
	own, ofDead float64 // ofDead is that of children that ended and were waited for
}

// parseStat reads /proc/<pid>/stat; the name in it may hold anything, so that fields count from its last parenthesis.
func parseStat(b []byte) (t spentTime, ok bool) {
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return spentTime{}, false
	}
	parent, err := strconv.Atoi(f[1])
	t = spentTime{parent: parent, own: seconds(f[11], f[12]), ofDead: seconds(f[13], f[14])}
	return t, err == nil && !math.IsNaN(t.own+t.ofDead)
}

func seconds(fields ...string) float64 {
	var sum float64
	for _, f := range fields {
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return math.NaN()
		}
		sum += float64(n)
	}
	return sum / ticks
}
