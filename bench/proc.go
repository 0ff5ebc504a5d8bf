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
	postmaster int // its children are counted with it
}

// usage is CPU time spent up to a moment, in seconds. All but at are NaN where there is no /proc.
type usage struct {
	at                              time.Time
	machine, self, server, database float64
}

func (p processes) usage() usage {
	u := usage{at: time.Now(), machine: machineTime(), self: processTime(os.Getpid()).own}
	if p.server != 0 {
		u.server = processTime(p.server).own
	}
	if p.postmaster != 0 {
		u.database = familyTime(p.postmaster)
	}
	return u
}

// spent is what was used from before to after.
func spent(before, after usage) usage {
	return usage{at: after.at, machine: after.machine - before.machine, self: after.self - before.self,
		server: after.server - before.server, database: after.database - before.database}
}

// otherLoad is the share of the machine, 0 to 1, that everything but the counted processes took between two moments;
// what a virtual machine's host took away counts too.
func otherLoad(before, after usage, cores int) float64 {
	u := spent(before, after)
	whole := after.at.Sub(before.at).Seconds() * float64(cores)
	return max(0, (u.machine-u.self-u.server-u.database)/whole)
}

// machineTime is the time that all cores were not idle, interrupts left out: they belong to nobody.
func machineTime() float64 {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return math.NaN()
	}
	line, _, _ := strings.Cut(string(b), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return math.NaN()
	}
	return seconds(f[1], f[2], f[3], f[8]) // user, nice, system, steal
}

type spentTime struct {
	parent      int
	own, ofDead float64 // ofDead is that of children that ended and were waited for
}

func processTime(pid int) spentTime {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return spentTime{own: math.NaN(), ofDead: math.NaN()}
	}
	return parseStat(b)
}

// parseStat reads /proc/<pid>/stat; the name in it may hold anything, so that fields count from its last parenthesis.
func parseStat(b []byte) spentTime {
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(f) < 15 {
		return spentTime{own: math.NaN(), ofDead: math.NaN()}
	}
	parent, _ := strconv.Atoi(f[1])
	return spentTime{parent: parent, own: seconds(f[11], f[12]), ofDead: seconds(f[13], f[14])}
}

// familyTime is the time of a process and its children, living and ended.
func familyTime(pid int) float64 {
	master := processTime(pid)
	sum := master.own + master.ofDead
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		child, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if t := processTime(child); t.parent == pid {
			sum += t.own + t.ofDead
		}
	}
	return sum
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
