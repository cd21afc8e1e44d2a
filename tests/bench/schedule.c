/* schedule [--check]: how fast the scheduler alone takes a fleet through three waves, and in how much
 * memory: 100 servers, 400 logins, one tenant in 200 fails, one server after the other in trouble.
 *
 * With --check nothing is timed: only a memory that is not linear in the tenants is an error. */
#include <malloc.h>
#include <time.h>

#include "base/compiler.h"
#include "rollout/scheduler.h"

enum { SERVERS = 100, CREDENTIALS = 400, WAVES = 3, PARALLEL = 512, PER_SERVER = 16 };
enum { MOST_BYTES_EACH = 64 };

struct fleet {
    struct scheduler *scheduler;
    uint32_t count;
    uint32_t running[PARALLEL]; /* a ring: who began first ends first */
    uint32_t first, active;
    uint32_t done;
    uint64_t now_ms;
};

static size_t used_bytes(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void fill(struct fleet *fleet)
{
    struct scheduler *scheduler = fleet->scheduler = scheduler_new(fleet->count);
    struct scheduler_rules rules = {
        .parallel = PARALLEL, .per_server = PER_SERVER, .max_failures = fleet->count, .soak_ms = 5};
    for (int i = 0; i < WAVES; i++)
        scheduler_add_wave(scheduler, &rules);
    for (int i = 0; i < SERVERS; i++)
        scheduler_add_server(scheduler, false);
    for (uint32_t i = 0; i < CREDENTIALS; i++)
        scheduler_add_credential(scheduler, i % SERVERS, true);
    for (uint32_t i = 0; i < fleet->count; i++)
        scheduler_add_tenant(scheduler, i,
                             i % 100 < 5    ? 0
                             : i % 100 < 30 ? 1
                                            : 2,
                             i % CREDENTIALS, i);
}

static void end_one(struct fleet *fleet)
{
    uint32_t tenant = fleet->running[fleet->first];
    bool has_failed = tenant % 200 == 7;
    fleet->first = (fleet->first + 1) % PARALLEL;
    fleet->active--;
    fleet->done++;
    scheduler_proven(fleet->scheduler, tenant);
    if (tenant % 1000 == 7)
        scheduler_trouble(fleet->scheduler, tenant, false);
    else
        scheduler_well(fleet->scheduler, tenant, true);
    scheduler_finished(fleet->scheduler, tenant,
                       &(struct finish){.has_failed = has_failed,
                                        .has_changed = !has_failed,
                                        .is_news = !has_failed});
}

/* False: all is over. */
static bool step(struct fleet *fleet)
{
    struct decision decision = scheduler_next(fleet->scheduler, fleet->now_ms);
    switch (decision.kind) {
    case DECIDE_START:
        fleet->running[(fleet->first + fleet->active++) % PARALLEL] = decision.tenant;
        return true;
    case DECIDE_GIVE_UP: fleet->done++; return true;
    case DECIDE_WAIT: fleet->now_ms = decision.until_ms; return true;
    case DECIDE_IDLE: end_one(fleet); return true;
    case DECIDE_WAVE_BEGINS:
    case DECIDE_WAVE_ENDS:
    case DECIDE_ROLLBACK_BEGINS: return true;
    case DECIDE_OVER: return false;
    }
    return false;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Bytes a tenant at the end. */
static double schedule(uint32_t count, bool is_timed)
{
    struct fleet fleet = {.count = count};
    size_t before = used_bytes();
    double begun = seconds_now();
    fill(&fleet);
    while (step(&fleet))
        ;
    double seconds = seconds_now() - begun;
    double each = (double)(used_bytes() - before) / count;
    scheduler_free(fleet.scheduler);
    if (fleet.done != count) {
        fprintf(stderr, "schedule: %u of %u tenants\n", fleet.done, count);
        exit(1);
    }
    if (is_timed)
        printf("%7u tenants scheduled: %.0f a second on one core, %.1f bytes each\n", count,
               count / seconds, each);
    else
        printf("%7u tenants scheduled: %.1f bytes each\n", count, each);
    return each;
}

int main(int argc, char **argv)
{
    bool is_check = argc > 1 && strcmp(argv[1], "--check") == 0;
    static const uint32_t counts[] = {10000, 100000, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        if (schedule(counts[i], !is_check) > MOST_BYTES_EACH) {
            fprintf(stderr, "schedule: more than %d bytes a tenant\n", MOST_BYTES_EACH);
            return 1;
        }
    return 0;
}
