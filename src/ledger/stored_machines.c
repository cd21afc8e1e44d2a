/* A run that several machines work on, for who looks at it or is about to join. */
#include "event/moment.h"
#include "ledger/stored.h"

static bool refuse(struct stored_ledger *ledger, const char *id, struct arena *arena,
                   struct err *err)
{
    struct stored_run newest;
    struct err ignored;
    bool is_alone = !id && stored_run_find(ledger, NULL, arena, &newest, &ignored) &&
                    newest.run.state == RUN_RUNNING && !newest.has_course;
    if (id)
        err_set(err, ERR_LEDGER, "ledger '%s': run %s is one machine's, and no other can join it",
                store_name(ledger->store), id);
    else
        err_set(err, ERR_LEDGER, "ledger '%s': no run is under way%s%s%s",
                store_name(ledger->store), is_alone ? " that others can join: run " : "",
                is_alone ? newest.run.id : "", is_alone ? " is one machine's" : "");
    snprintf(err->code, sizeof err->code, LEDGER_NO_COURSE);
    return false;
}

/* The run is open as long as its row says so: machines may all be away, and come back. */
static bool find_run(struct stored_ledger *ledger, const char *id, struct arena *arena,
                     struct ledger_course *course, int64_t *ret_run, struct err *err)
{
    struct cursor row;
    *ret_run = 0;
    if (id)
        store_query(ledger->store, &row,
                    "SELECT seq, id, runs.state = ?2 FROM runs JOIN courses ON courses.run = seq"
                    " WHERE id = ?1",
                    value_text(id), value_int(RUN_RUNNING));
    else
        store_query(ledger->store, &row,
                    "SELECT seq, id, TRUE FROM runs JOIN courses ON courses.run = seq"
                    " WHERE runs.state = ? ORDER BY seq DESC LIMIT 1",
                    value_int(RUN_RUNNING));
    if (cursor_next(&row)) {
        *ret_run = cursor_int(&row, 0);
        course->run = cursor_copy(&row, 1, arena);
        course->is_open = cursor_int(&row, 2) != 0;
    }
    return cursor_end(&row, err) && (*ret_run || refuse(ledger, id, arena, err));
}

static bool read_waves(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                       struct ledger_course *course, struct err *err)
{
    struct course_wave *waves = arena_calloc(arena, course->course.wave_count, sizeof *waves);
    struct cursor row;
    size_t count = 0;
    store_query(ledger->store, &row,
                "SELECT parallel, per_server, max_failures, soak_ms, soak_until_ms"
                " FROM course_waves WHERE run = ? ORDER BY n",
                value_int(run));
    for (; count < course->course.wave_count && cursor_next(&row); count++)
        waves[count] = (struct course_wave){
            .parallel = (uint32_t)cursor_int(&row, 0),
            .per_server = (uint32_t)cursor_int(&row, 1),
            .max_failures = cursor_int(&row, 2),
            .soak_ms = (uint64_t)cursor_int(&row, 3),
            .soak_until_ms = cursor_int(&row, 4),
        };
    course->waves = waves;
    return cursor_end(&row, err) &&
           (count == course->course.wave_count || store_fail_damaged(ledger->store, err));
}

/* While the run stood still no one was at work. */
static bool read_rates(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                       struct run_machine *machines, size_t count, struct err *err)
{
    enum { MINUTE_MS = 60000 };
    struct moment *moments;
    size_t moment_count;
    if (!count)
        return true;
    if (!stored_moments_read(ledger, run, arena, &moments, &moment_count, err))
        return false;
    for (struct run_machine *machine = machines; machine < machines + count; machine++) {
        double ms = (double)(machine->seen_ms - machine->joined_ms) -
                    moment_paused_ms(moments, moment_count, machine->joined_ms, machine->seen_ms);
        machine->per_minute = ms > 0 ? machine->finished * (double)MINUTE_MS / ms : 0;
    }
    return true;
}

bool stored_machines_read(struct stored_ledger *ledger, int64_t run, struct arena *arena,
                          const struct run_machine **ret_machines, size_t *ret_count,
                          struct err *err)
{
    struct run_machine *machines = NULL;
    size_t capacity = 0;
    struct cursor row;
    *ret_count = 0;
    store_query(
        ledger->store, &row,
        "SELECT name, host, pid, joined_ms, seen_ms, NOT has_left AND lease_until_ms >= {now_ms},"
        " has_left, (SELECT count(*) FROM claims WHERE claims.run = machines.run AND state = 1"
        "   AND machine = machines.id), finished, failed, taken_over, lost"
        " FROM machines WHERE run = ? ORDER BY joined_ms, id",
        value_int(run));
    while (cursor_next(&row))
        *ARENA_PUSH(arena, machines, *ret_count, capacity) = (struct run_machine){
            .name = cursor_copy(&row, 0, arena),
            .host = cursor_copy(&row, 1, arena),
            .pid = cursor_int(&row, 2),
            .joined_ms = cursor_int(&row, 3),
            .seen_ms = cursor_int(&row, 4),
            .is_there = cursor_int(&row, 5) != 0,
            .has_left = cursor_int(&row, 6) != 0,
            .holds = (uint32_t)cursor_int(&row, 7),
            .finished = (uint32_t)cursor_int(&row, 8),
            .failed = (uint32_t)cursor_int(&row, 9),
            .taken_over = (uint32_t)cursor_int(&row, 10),
            .lost = (uint32_t)cursor_int(&row, 11),
        };
    *ret_machines = machines;
    return cursor_end(&row, err) && read_rates(ledger, run, arena, machines, *ret_count, err);
}

static bool read_course(struct stored_ledger *ledger, const char *id, struct arena *arena,
                        struct ledger_course *course, struct err *err)
{
    int64_t run;
    bool is_there;
    return find_run(ledger, id, arena, course, &run, err) &&
           stored_course_find(ledger, run, &course->course, &is_there, err) &&
           (is_there || refuse(ledger, id, arena, err)) &&
           read_waves(ledger, run, arena, course, err) &&
           stored_terms_read(ledger, run, arena, &course->terms, err) &&
           stored_machines_read(ledger, run, arena, &course->machines, &course->machine_count, err);
}

bool stored_read_course(struct ledger *base, const char *id, struct arena *arena,
                        struct ledger_course *ret_course, struct err *err)
{
    struct stored_ledger *ledger = stored_of(base);
    struct ledger_course course = {0};
    if (!store_look(ledger->store, err))
        return false;
    bool is_fine = read_course(ledger, id, arena, &course, err);
    store_look_away(ledger->store);
    if (is_fine)
        *ret_course = course;
    return is_fine;
}
