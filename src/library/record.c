#include "library/record.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/human.h"

static void say_who(struct err *err, const struct ledger_holder *other)
{
    struct buf age;
    int64_t ms = clock_wall_ms() - other->since_ms;
    buf_init(&age, 64);
    human_add_duration(&age, (double)(ms > 0 ? ms : 0));
    err_set(err, ERR_LEDGER,
            "another run holds this ledger: %s on host '%s', process %" PRId64 ", for %s",
            other->run[0] ? other->run : "one that is just beginning", other->host, other->pid,
            age.data);
    snprintf(err->code, sizeof err->code, LEDGER_HELD);
    buf_done(&age);
}

struct ledger *record_open(const struct fleet *fleet, const char *run_id, struct err *err)
{
    struct ledger *ledger = ledger_open(fleet->inventory->ledger, LEDGER_WRITE, err);
    struct ledger_holder me = {.pid = getpid(), .since_ms = clock_wall_ms()}, other = {0};
    if (!ledger)
        return NULL;
    snprintf(me.run, sizeof me.run, "%s", run_id);
    if (gethostname(me.host, sizeof me.host - 1))
        me.host[0] = '\0';
    if (ledger_lock(ledger, &me, &other, err))
        return ledger;
    if (strcmp(err->code, LEDGER_HELD) == 0)
        say_who(err, &other);
    ledger_close(ledger);
    return NULL;
}
