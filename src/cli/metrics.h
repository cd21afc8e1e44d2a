/* How a run stands, as a file in Prometheus's text format: `--metrics FILE`, for node_exporter's textfile collector and the like.
 *
 * An observer of the run. The file is written every few seconds and at the end, beside itself and renamed, so that a reader never
 * finds half of it. A thread of its own writes, and the loop never waits for a disk. What cannot be written is told once, on
 * stderr, and changes no outcome.
 *
 *     struct metrics *metrics = metrics_open("skein.prom", status, NULL);
 *     … rollout_run with metrics_observer(metrics), and metrics_tick about ten times a second …
 *     metrics_close(metrics);
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include "event/status.h"

struct metrics;

/* The clock, for tests to stand in: seconds since the epoch. NULL: the machine's. */
typedef double metrics_clock(void);

/* Borrows `path` (NULL: no file, for who asks with metrics_add), and the status of the run. */
struct metrics *metrics_open(const char *path, const struct status *status, metrics_clock *clock);

/* To be told every event of the run; lives as long as the metrics. */
struct observer metrics_observer(struct metrics *metrics);

/* Writes what is due though nothing happened; takes a `struct metrics *` as a loop's callback. */
void metrics_tick(void *metrics);

/* Waits until the last text is written, and frees it. NULL is fine. */
void metrics_close(struct metrics *metrics);

struct buf;

/* The text at this moment. */
void metrics_add(const struct metrics *metrics, struct buf *buf);

#endif
