package server

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	clickSlow    = 50 * time.Millisecond // that 99 of 100 clicks are answered within
	clicksEnough = 100                   // below that a share says nothing
	routingStale = time.Minute
	lateTurns    = 3 // of a periodic job
	lateGrace    = 5 * time.Minute
)

// stages judges each stage of a running server, in the order in which a click walks through them. A stage of a role that
// the server does not have is told by nobody and left out.
func (d *doctor) stages(n stageNumbers) {
	d.stageClicks(n)
	d.stageSpool(n)
	d.stageRouting(n)
	d.stagePostbacks(n)
	d.stageDeliveries(n)
	d.stageExports(n)
	d.stageJobs(n)
	d.stagePools(n)
}

func (d *doctor) stageClicks(n stageNumbers) {
	const check = "clicks"
	unstored, told := n.sum("waypost_clicks_unstored_total", "")
	if !told {
		return
	}
	all, _ := n.sum("waypost_clicks_total", "")
	unrouted, _ := n.sum("waypost_clicks_total", "result=unrouted")
	bound, count := n.above("waypost_click_duration_seconds", .99)
	switch {
	case unstored > 0:
		d.fail(check, fmt.Sprintf("%.0f of %.0f were redirected but not recorded: their conversions will be refused", unstored, all),
			"make room on the disk of WAYPOST_DATA_DIR, or replace it; the log of waypost serve names its error")
	case unrouted > 0:
		d.warn(check, fmt.Sprintf("%.0f of %.0f were answered 503: there was no catalogue yet", unrouted, all), "see that the database answers at a start; a data folder that is kept holds the last catalogue")
	case count >= clicksEnough && bound > clickSlow:
		d.warn(check, fmt.Sprintf("one of a hundred waits longer than %s", clickSlow), "compare waypost_spool_write_duration_seconds: a slow disk shows there; otherwise the processor is busy")
	default:
		d.ok(check, "%.0f answered, all recorded", all)
	}
}

func (d *doctor) stageSpool(n stageNumbers) {
	const check = "spool writes"
	failing, told := n.sum("waypost_spool_failing", "")
	if !told {
		return
	}
	failures, _ := n.sum("waypost_spool_write_failures_total", "")
	aside, _ := n.sum("waypost_loader_set_aside_total", "")
	switch {
	case failing > 0:
		d.fail(check, "the spool cannot be written at this moment: redirects go out unrecorded", "make room on the disk of WAYPOST_DATA_DIR, or replace it")
	case failures > 0:
		d.warn(check, fmt.Sprintf("%.0f writes failed since the start", failures), "look at the disk of WAYPOST_DATA_DIR; the log of waypost serve names the errors")
	case aside > 0:
		d.warn(check, fmt.Sprintf("%.0f records were set aside since the start, which can never be loaded", aside), "keep the files in spool/bad; the log of waypost serve names the cause of each")
	default:
		d.ok(check, "none failed")
	}
}

func (d *doctor) stageRouting(n stageNumbers) {
	const check = "routing"
	seconds, told := n.sum("waypost_routing_age_seconds", "")
	if !told {
		return
	}
	age := time.Duration(seconds * float64(time.Second)).Round(time.Second)
	disk, _ := n.sum("waypost_routing_from_snapshot", "")
	version, _ := n.sum("waypost_routing_version", "")
	const mend = "see that this machine reaches the database and that it answers within 200 ms"
	switch {
	case version == 0 && age > routingStale:
		d.fail(check, "there is no catalogue: clicks are answered 503", mend)
	case disk > 0:
		d.warn(check, fmt.Sprintf("clicks follow the snapshot of an earlier start; the database has not answered for %s", age), mend)
	case age > routingStale:
		d.warn(check, fmt.Sprintf("the database has not confirmed the catalogue for %s: changes do not arrive", age), mend)
	default:
		d.ok(check, "version %.0f, confirmed by the database", version)
	}
}

func (d *doctor) stagePostbacks(n stageNumbers) {
	const check = "postback calls"
	unavailable, told := n.sum("waypost_postbacks_total", "status=unavailable")
	if !told {
		return
	}
	all, _ := n.sum("waypost_postbacks_total", "")
	refused, _ := n.sum("waypost_postbacks_total", "status=refused")
	switch {
	case unavailable > 0:
		d.fail(check, fmt.Sprintf("%.0f of %.0f were answered 503: neither the database nor the spool took them", unavailable, all), "mend the disk of WAYPOST_DATA_DIR and the database, then ask the advertisers to send them again")
	case all >= clicksEnough && refused > all/2:
		d.warn(check, fmt.Sprintf("%.0f of %.0f were refused, most often as %s", refused, all, n.most("waypost_postbacks_refused_total", "code")), "the incoming log tells whose they are; mend the cause and replay them")
	default:
		d.ok(check, "%.0f answered, %.0f of them refused", all, refused)
	}
}

// most is the word of a label whose counter is highest.
func (n stageNumbers) most(name, label string) string {
	word, most := "", 0.0
	for _, m := range n[name].GetMetric() {
		if v := valueOf(m); v > most {
			word, most = labelOf(m, label), v
		}
	}
	return word
}

func (d *doctor) stageDeliveries(n stageNumbers) {
	const check = "delivery calls"
	open, told := n.sum("waypost_delivery_breakers_open", "")
	if !told {
		return
	}
	delivered, _ := n.sum("waypost_delivery_attempts_total", "outcome=delivered")
	all, _ := n.sum("waypost_delivery_attempts_total", "")
	up, _ := n.sum("waypost_queue_up", "")
	archived, _ := n.sum("waypost_queue_tasks", "state=archived")
	switch {
	case up == 0:
		d.warn(check, "Redis tells nothing of its queues: deliveries wait for the sweeper", "see the check redis; nothing is lost meanwhile")
	case all >= clicksEnough && delivered < all/2:
		d.warn(check, fmt.Sprintf("%.0f of %.0f tries failed, and %.0f hosts are left alone for the moment", all-delivered, all, open),
			"where all hosts fail alike, look at this machine's firewall and resolver; otherwise the portal's deliveries show whose servers fail")
	case archived > 0:
		d.warn(check, fmt.Sprintf("%.0f tasks lie in the archive of the queue, where none should", archived), "they are of no use any more, for the database decides what is due; see the log for panics of the worker")
	default:
		d.ok(check, "%.0f tries, %.0f delivered, %.0f hosts left alone for the moment", all, delivered, open)
	}
}

// stageJobs tells the periodic jobs that are late. A server that shares them with other nodes may never have had a turn.
func (d *doctor) stageJobs(n stageNumbers) {
	const check = "periodic jobs"
	family := n["waypost_periodic_job_last_success_timestamp_seconds"]
	if family == nil {
		return
	}
	var late []string
	for _, m := range family.GetMetric() {
		job := labelOf(m, "job")
		every, _ := n.sum("waypost_periodic_job_interval_seconds", "job="+job)
		failures, _ := n.sum("waypost_periodic_job_failures_total", "job="+job)
		ago := now().Sub(time.Unix(int64(valueOf(m)), 0))
		if failures > 0 && ago > lateTurns*time.Duration(every*float64(time.Second))+lateGrace {
			late = append(late, fmt.Sprintf("%s (%s, %.0f failures)", job, ago.Round(time.Second), failures))
		}
	}
	if slices.Sort(late); len(late) > 0 {
		d.warn(check, "these have not gone well for long: "+strings.Join(late, ", "), "the log of waypost serve names the error of each where it began to fail")
		return
	}
	d.ok(check, "%d, none is late", len(family.GetMetric()))
}

func (d *doctor) stagePools(n stageNumbers) {
	const check = "pools"
	var full []string
	family := n["waypost_database_connections_limit"]
	for _, m := range family.GetMetric() {
		pool := labelOf(m, "pool")
		for _, c := range n["waypost_database_connections"].GetMetric() {
			if labelOf(c, "pool") == pool && labelOf(c, "state") == "acquired" && valueOf(c) >= valueOf(m) {
				full = append(full, pool)
			}
		}
	}
	switch {
	case family == nil:
	case len(full) > 0:
		d.warn(check, fmt.Sprintf("every connection of %s is taken at this moment: requests wait for one", strings.Join(full, " and ")), "look for long statements and locks in pg_stat_activity")
	default:
		waited, _ := n.sum("waypost_database_acquires_waited_total", "")
		d.ok(check, "connections are free; %.0f times somebody had to wait for one", waited)
	}
}
