#include "library/fleet_ledger.h"

#include <pwd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"

/* ---- who holds it -------------------------------------------------------------------------- */

static struct ledger_holder make_holder(const char *run_id)
{
    struct ledger_holder me = {.pid = getpid(), .since_ms = clock_wall_ms()};
    char bytes[4096];
    struct passwd entry, *found = NULL;
    snprintf(me.run, sizeof me.run, "%s", run_id);
    if (gethostname(me.host, sizeof me.host - 1))
        me.host[0] = '\0';
    if (getpwuid_r(geteuid(), &entry, bytes, sizeof bytes, &found) == 0 && found)
        snprintf(me.user, sizeof me.user, "%s", entry.pw_name);
    return me;
}

const char *fleet_ledger_me(struct arena *arena)
{
    struct ledger_holder me = make_holder("");
    if (!me.user[0])
        snprintf(me.user, sizeof me.user, "uid %lld", (long long)geteuid());
    return arena_printf(arena, "%s@%s", me.user, me.host);
}

void fleet_ledger_name_holder(struct buf *buf, const struct ledger_holder *holder)
{
    buf_adds(buf, holder->run[0] ? "run " : "a run that is just beginning");
    buf_adds(buf, holder->run);
    buf_addf(buf, " of %s%s%s, process %lld", holder->user, holder->user[0] ? "@" : "",
             holder->host[0] ? holder->host : "an unknown host", (long long)holder->pid);
}

static void say_who(struct err *err, const struct ledger_holder *other, uint64_t waited_ms)
{
    struct buf who, age, waited;
    int64_t ms = clock_wall_ms() - other->since_ms;
    buf_init(&who, BUF_MAX_DEFAULT);
    buf_init(&age, 64);
    buf_init(&waited, 64);
    fleet_ledger_name_holder(&who, other);
    human_add_duration(&age, (double)(ms > 0 ? ms : 0));
    human_add_duration(&waited, (double)waited_ms);
    err_set(err, ERR_LEDGER, "another run holds this ledger: %s, for %s", who.data, age.data);
    if (waited_ms)
        err_add(err, "; waited %s for it", waited.data);
    else
        err_add(err, " (--wait 10m waits for it)");
    snprintf(err->code, sizeof err->code, LEDGER_HELD);
    buf_done(&who);
    buf_done(&age);
    buf_done(&waited);
}

/* ---- opening it ---------------------------------------------------------------------------- */

/* There is no telling when a lock of another process or machine is given back: it is tried again and again. */
static void wait_a_little(uint64_t left_ms)
{
    enum { EACH_MS = 100 };
    long ms = left_ms < EACH_MS ? (long)left_ms : EACH_MS;
    nanosleep(&(struct timespec){.tv_nsec = (ms + 1) * 1000000}, NULL);
}

/* Tells of each run that is waited for, once. */
static bool lock_patiently(const struct fleet *fleet, struct ledger *ledger,
                           const struct ledger_holder *me, struct err *err)
{
    const struct patience *patience = &fleet->patience;
    struct ledger_holder other = {0}, told = {0};
    while (!ledger_lock(ledger, me, &other, err)) {
        uint64_t waited_ms = (uint64_t)(clock_steady_ms() - fleet->waits_from_ms);
        if (strcmp(err->code, LEDGER_HELD) != 0)
            return false;
        bool is_over = patience->is_over && patience->is_over(patience->ctx);
        if (is_over || waited_ms >= patience->wait_ms) {
            say_who(err, &other, is_over ? waited_ms : patience->wait_ms);
            return false;
        }
        if (patience->on_waiting && (strcmp(told.run, other.run) != 0 || told.pid != other.pid))
            patience->on_waiting(patience->ctx, &other);
        told = other;
        wait_a_little(patience->wait_ms - waited_ms);
    }
    return true;
}

struct ledger *fleet_ledger_open(const struct fleet *fleet, const char *run_id, struct err *err)
{
    const char *where = fleet_ledger(fleet, err);
    struct ledger *ledger = where ? ledger_open(where, LEDGER_WRITE, err) : NULL;
    struct ledger_holder me = make_holder(run_id);
    if (!ledger || lock_patiently(fleet, ledger, &me, err))
        return ledger;
    ledger_close(ledger);
    return NULL;
}

struct ledger *fleet_ledger_read(const struct fleet *fleet, struct err *err)
{
    const char *where = fleet_ledger(fleet, err);
    return where ? ledger_open(where, LEDGER_READ, err) : NULL;
}

/* Who looks makes no ledger. */
static bool is_there(const struct fleet *fleet, bool *ret_is_there, struct err *err)
{
    struct ledger *ledger = fleet_ledger_read(fleet, err);
    *ret_is_there = ledger != NULL;
    ledger_close(ledger);
    return ledger || strcmp(err->code, LEDGER_MISSING) == 0;
}

bool fleet_ledger_await(const struct fleet *fleet, bool looks_first, struct err *err)
{
    bool waits = fleet->patience.wait_ms > 0, has_ledger = true;
    if (!waits && looks_first && !is_there(fleet, &has_ledger, err))
        return false;
    if (!waits && (!looks_first || !has_ledger))
        return true;
    struct ledger *ledger = fleet_ledger_open(fleet, "", err);
    ledger_close(ledger);
    return ledger;
}
