#include "cli/live.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/human.h"
#include "cli/lines.h"
#include "inventory/inventory.h"

enum {
    BAR_WIDTH = 30,
    NAMES_SHOWN = 4,
    NAME_MAX = 24,     /* columns of a name among those at work */
    LISTED_MOST = 6,   /* of those at work */
    FAILURES_MOST = 2, /* where no one asks for more by choosing among them */
    LONG_MS = 1000,    /* at work for so long: worth a line */
    SMALL_ROWS = 8,    /* of a terminal that has room for two lines alone */
};

struct drawing {
    const struct live_scene *scene;
    struct lines lines;
};

/* ---- the whole ----------------------------------------------------------------------------- */

void live_add_wait(const struct status *status, struct buf *buf)
{
    const struct status_wait *wait = &status->waits_for;
    uint64_t since_ms = status->now_ms - wait->since_ms;
    uint64_t left_ms = wait->most_ms > since_ms ? wait->most_ms - since_ms : 0;
    bool is_soak = wait->kind == WAIT_SOAK;
    if (!wait->what)
        return;
    buf_adds(buf, "waits for ");
    human_add_text(buf, wait->what);
    buf_adds(buf, ": ");
    human_add_duration(buf, (double)(is_soak ? left_ms : since_ms));
    buf_adds(buf, is_soak ? " left" : " so far");
}

void live_add_pace(const struct status *status, struct buf *buf)
{
    double per_ms = status_per_ms(status);
    if (status->rows)
        buf_addf(buf, "  %" PRIu64 " row%s in batches", status->rows, status->rows == 1 ? "" : "s");
    if (per_ms <= 0)
        return;
    buf_addf(buf, "  %.1f/s", per_ms * 1000);
    double left_ms = status_left_ms(status);
    if (left_ms < 0 || status_done(status) == status->total)
        return;
    buf_adds(buf, "  ");
    human_add_duration(buf, left_ms);
    buf_adds(buf, " left");
}

static void draw_whole(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    size_t columns = drawing->scene->columns;
    struct buf part;
    double share = status->total ? (double)status_done(status) / (double)status->total : 1;
    if (!lines_begin(&drawing->lines))
        return;
    buf_init(&part, BUF_MAX_DEFAULT);
    human_add_bar(&part, share, BAR_WIDTH < columns / 3 ? BAR_WIDTH : columns / 3, false);
    lines_addf(&drawing->lines, "%s  ", drawing->scene->title);
    lines_add(&drawing->lines, part.data);
    lines_addf(&drawing->lines, "  %zu/%zu", status_done(status), status->total);
    if (status_bad(status)) {
        lines_color(&drawing->lines, "\033[31m");
        lines_addf(&drawing->lines, "  %zu failed", status_bad(status));
        lines_color(&drawing->lines, "\033[0m");
    }
    buf_clear(&part);
    live_add_pace(status, &part);
    lines_add(&drawing->lines, part.data);
    buf_done(&part);
    lines_end(&drawing->lines);
}

/* ---- those at work ------------------------------------------------------------------------- */

static uint64_t at_work_ms(const struct status *status, uint32_t tenant)
{
    return status->now_ms - status->started_ms - status->tenants[tenant].since_ms;
}

static const char *name_of(const struct live_scene *scene, uint32_t tenant)
{
    return scene->status->run->tenants[tenant]->name;
}

/* Worth a line of its own: it has been at work for long, or a person is choosing. */
static bool is_listed(const struct live_scene *scene, const struct status_doing *doing)
{
    return scene->choice->tenant != STATUS_NONE ||
           at_work_ms(scene->status, doing->tenant) >= LONG_MS;
}

static size_t count_listed(const struct live_scene *scene)
{
    size_t count = 0;
    for (size_t i = 0; i < scene->status->doing_count && count < LISTED_MOST; i++)
        count += is_listed(scene, &scene->status->doings[i]);
    return count;
}

/* ` (here 3)`: of what was told of all machines, this one's part. */
static void add_here(struct drawing *drawing, size_t count)
{
    if (drawing->scene->status->whole.is_known)
        lines_addf(&drawing->lines, " (here %zu)", count);
}

static size_t count_running(const struct status *status)
{
    return status->whole.is_known ? status->whole.states[TENANT_RUNNING] : status->running;
}

/* `8 running: globex 3.2 s, acme 1.2 s, ...` where no one is listed below. */
static void add_running(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    size_t shown = 0;
    lines_addf(&drawing->lines, "%zu running", count_running(status));
    add_here(drawing, status->running);
    if (count_listed(drawing->scene))
        return;
    for (uint32_t at = status->oldest; at != STATUS_NONE && shown < NAMES_SHOWN; shown++) {
        lines_add(&drawing->lines, shown ? ", " : ": ");
        lines_add_text(&drawing->lines, name_of(drawing->scene, at));
        lines_add(&drawing->lines, " ");
        lines_add_duration(&drawing->lines, at_work_ms(status, at));
        at = status->tenants[at].next;
    }
    if (shown < status->running)
        lines_add(&drawing->lines, ", ...");
}

/* `wave 2 of 3 'everyone' 312/900, `: of more waves than one, the one that runs. */
static void add_wave(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    size_t at = status->wave_count;
    for (size_t i = 0; i < status->wave_count; i++)
        if (status->waves[i].state != RUN__COUNT)
            at = i;
    if (status->wave_count < 2 || at == status->wave_count)
        return;
    const struct status_wave *wave = &status->waves[at];
    lines_addf(&drawing->lines, "wave %zu of %zu '", at + 1, status->wave_count);
    lines_add_text(&drawing->lines, wave->name);
    lines_addf(&drawing->lines, "' %zu/%zu", status_of_wave(status, at).done, wave->total);
    add_here(drawing, wave->done);
    lines_add(&drawing->lines, ", ");
    if (wave->is_late)
        lines_add_red(&drawing->lines, "late, ");
}

/* How many are in each state that the first line does not tell. */
static void add_states(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    for (enum tenant_state state = 0; state < TENANT__COUNT; state++) {
        bool is_told = state == TENANT_RUNNING || !status_in(status, state);
        if (!is_told)
            lines_addf(&drawing->lines, ", %zu %s", status_in(status, state),
                       tenant_state_name(state));
    }
}

/* `3 machines, `; `2 of 3 machines, `: so many are there. Before the ledger has told how the run stands, what follows is this one's own. */
static void add_machines(struct drawing *drawing)
{
    const struct run_others *others = &drawing->scene->status->others.told;
    uint32_t count = others->count + 1, at_work = others->at_work + 1;
    if (!others->count)
        return;
    if (at_work != count)
        lines_addf(&drawing->lines, "%u of ", at_work);
    lines_addf(&drawing->lines, "%u machines, ", count);
    if (others->taken_over)
        lines_addf(&drawing->lines, "%u taken over, ", others->taken_over);
    if (!drawing->scene->status->whole.is_known)
        lines_add(&drawing->lines, "here: ");
}

static void draw_work(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    struct buf wait;
    if (!lines_begin(&drawing->lines))
        return;
    lines_add(&drawing->lines, "  ");
    if (status->is_paused)
        lines_add_red(&drawing->lines, "paused, ");
    if (status->is_draining)
        lines_add_red(&drawing->lines, "stopping, ");
    if (status->is_rolling_back)
        lines_add_red(&drawing->lines, "rolling back, ");
    add_machines(drawing);
    add_wave(drawing);
    buf_init(&wait, BUF_MAX_DEFAULT);
    live_add_wait(status, &wait);
    lines_add(&drawing->lines, wait.data);
    buf_done(&wait);
    if (!status->waits_for.what)
        add_running(drawing);
    if (drawing->lines.most > 2 && (count_listed(drawing->scene) || !status->running))
        add_states(drawing);
    lines_end(&drawing->lines);
}

static void add_share(struct drawing *drawing, const struct status_doing *doing)
{
    if (doing->share >= 0)
        lines_addf(&drawing->lines, "%.0f %% ", doing->share * 100);
}

/* `, 120000 rows so far, the replicas are late` */
static void add_rows(struct drawing *drawing, const struct status_doing *doing)
{
    if (doing->rows)
        lines_addf(&drawing->lines, ", %" PRIu64 " row%s so far", doing->rows,
                   doing->rows == 1 ? "" : "s");
    if (*doing->waits_for)
        lines_addf(&drawing->lines, ", %s", doing->waits_for);
}

static void draw_doing(struct drawing *drawing, const struct status_doing *doing)
{
    const struct live_scene *scene = drawing->scene;
    bool is_chosen = doing->tenant == scene->choice->tenant;
    size_t name_width = scene->columns / 4 < NAME_MAX ? scene->columns / 4 : NAME_MAX;
    if (!lines_begin(&drawing->lines))
        return;
    lines_add(&drawing->lines, is_chosen ? "> " : "  ");
    lines_color(&drawing->lines, is_chosen ? "\033[1m" : "");
    lines_add_column(&drawing->lines, name_of(scene, doing->tenant), name_width);
    lines_color(&drawing->lines, is_chosen ? "\033[0m" : "");
    lines_add(&drawing->lines, " ");
    lines_add_duration(&drawing->lines, at_work_ms(scene->status, doing->tenant));
    lines_add(&drawing->lines, "  ");
    add_share(drawing, doing);
    if (*doing->blockers)
        lines_add_red(&drawing->lines, "blocked ");
    if (doing->revision) {
        lines_addf(&drawing->lines, "%.12s%s", doing->revision, doing->is_down ? " down" : "");
        if (doing->statement && doing->statements)
            lines_addf(&drawing->lines, " %zu/%zu", doing->statement, doing->statements);
        add_rows(drawing, doing);
        lines_add(&drawing->lines, "  ");
        lines_add_text(&drawing->lines, *doing->sql ? doing->sql : doing->phase);
    } else {
        lines_add(&drawing->lines, doing->phase);
    }
    lines_end(&drawing->lines);
}

static void draw_failure(struct drawing *drawing, const struct status_failure *failure)
{
    const struct live_scene *scene = drawing->scene;
    if (!lines_begin(&drawing->lines))
        return;
    lines_add(&drawing->lines, failure->tenant == scene->choice->tenant ? "> " : "  ");
    lines_add_red(&drawing->lines, tenant_state_name(failure->state));
    lines_add(&drawing->lines, " ");
    lines_add_text(&drawing->lines, name_of(scene, failure->tenant));
    lines_addf(&drawing->lines, ": %s%s", err_class_name(failure->kind), *failure->code ? " " : "");
    lines_add_text(&drawing->lines, failure->code);
    lines_add(&drawing->lines, ": ");
    lines_add_text(&drawing->lines, failure->text);
    lines_end(&drawing->lines);
}

/* ---- one tenant in full -------------------------------------------------------------------- */

static void add_place(struct buf *buf, const char *file, int line)
{
    if (!file || !*file)
        return;
    buf_addf(buf, ", %s", file);
    if (line)
        buf_addf(buf, ":%d", line);
}

static void show_doing(struct drawing *drawing, const struct status_doing *doing)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    if (doing->revision) {
        buf_addf(&text, "%s %s", doing->revision, doing->is_down ? "down" : "up");
        if (doing->statement)
            buf_addf(&text, ", statement %zu of %zu", doing->statement, doing->statements);
        if (doing->rows)
            buf_addf(&text, ", %" PRIu64 " row%s so far", doing->rows, doing->rows == 1 ? "" : "s");
        add_place(&text, doing->file, doing->line);
    } else {
        buf_addf(&text, "it is in '%s'", doing->phase);
    }
    lines_wrap(&drawing->lines, "", text.data);
    buf_done(&text);
    if (*doing->sql)
        lines_wrap(&drawing->lines, "", doing->sql);
    if (*doing->waits_for)
        lines_wrap(&drawing->lines, "waits: ", doing->waits_for);
    if (*doing->told)
        lines_wrap(&drawing->lines, "server: ", doing->told);
    if (*doing->blockers)
        lines_wrap(&drawing->lines, "blocked by ", doing->blockers);
}

static void show_failure(struct drawing *drawing, const struct status_failure *failure)
{
    struct buf text;
    buf_init(&text, BUF_MAX_DEFAULT);
    buf_addf(&text, "%s: %s%s%s", tenant_state_name(failure->state), err_class_name(failure->kind),
             *failure->code ? " " : "", failure->code);
    add_place(&text, failure->file, failure->line);
    lines_wrap(&drawing->lines, "", text.data);
    lines_wrap(&drawing->lines, "", failure->text);
    buf_done(&text);
}

static void draw_chosen(struct drawing *drawing)
{
    const struct status *status = drawing->scene->status;
    uint32_t tenant = drawing->scene->choice->tenant;
    if (tenant == STATUS_NONE || !lines_begin(&drawing->lines))
        return;
    lines_add(&drawing->lines, "  ");
    lines_add_text(&drawing->lines, name_of(drawing->scene, tenant));
    lines_add(&drawing->lines, " (");
    lines_add_text(&drawing->lines, status->run->tenants[tenant]->url_redacted);
    lines_addf(&drawing->lines, "): %s", tenant_state_name(status->tenants[tenant].state));
    lines_end(&drawing->lines);
    for (size_t i = 0; i < status->doing_count; i++)
        if (status->doings[i].tenant == tenant)
            show_doing(drawing, &status->doings[i]);
    for (size_t i = 0; i < status->failure_count; i++)
        if (status->failures[i].tenant == tenant) {
            show_failure(drawing, &status->failures[i]);
            break;
        }
}

/* ---- the block ----------------------------------------------------------------------------- */

/* Nothing can be paused where nothing more is begun. */
static const char *pause_words(const struct status *status)
{
    if (status->is_draining)
        return "";
    return status->is_paused ? "p go on  " : "p pause  ";
}

static void draw_keys(struct drawing *drawing)
{
    const struct live_scene *scene = drawing->scene;
    if (!scene->has_keys || !lines_begin(&drawing->lines))
        return;
    if (scene->choice->asks_stop && scene->status->is_stopping)
        lines_add_red(&drawing->lines,
                      "  cancel? y: those at work are rolled back; any other key: they finish");
    else if (scene->choice->asks_stop)
        lines_add_red(&drawing->lines,
                      "  stop? y: those at work finish, no other begins; any other key: go on");
    else
        lines_addf(&drawing->lines, "  %s%s  j k choose  enter %s", pause_words(scene->status),
                   scene->status->is_stopping ? "s cancel" : "s stop",
                   scene->choice->is_shown ? "hide" : "show");
    lines_end(&drawing->lines);
}

size_t live_choices(const struct live_scene *scene,
                    uint32_t ret_tenants[STATUS_DOINGS + STATUS_FAILURES])
{
    const struct status *status = scene->status;
    size_t count = 0;
    for (size_t i = 0; i < status->doing_count && i < LISTED_MOST; i++)
        ret_tenants[count++] = status->doings[i].tenant;
    for (size_t i = 0; i < status->failure_count; i++)
        ret_tenants[count++] = status->failures[i].tenant;
    return count;
}

/* The keys have the last line, whatever there is no room for. */
size_t live_draw(const struct live_scene *scene, struct buf *out, size_t ret_widths[LIVE_LINES])
{
    const struct status *status = scene->status;
    size_t room = scene->rows > 1 ? scene->rows - 1 : 1;
    size_t max_lines = scene->rows < SMALL_ROWS ? 2 : room < LIVE_LINES ? room : LIVE_LINES;
    bool keeps_keys = scene->has_keys && max_lines > 2;
    size_t failures = scene->choice->tenant == STATUS_NONE ? FAILURES_MOST : STATUS_FAILURES;
    struct drawing drawing = {.scene = scene,
                              .lines = {.out = out,
                                        .widths = ret_widths,
                                        .columns = scene->columns,
                                        .most = max_lines - keeps_keys,
                                        .has_color = scene->has_color}};
    draw_whole(&drawing);
    draw_work(&drawing);
    for (size_t i = 0, listed = 0; i < status->doing_count && listed < LISTED_MOST; i++)
        if (is_listed(scene, &status->doings[i])) {
            draw_doing(&drawing, &status->doings[i]);
            listed++;
        }
    for (size_t i = 0; scene->has_keys && i < status->failure_count && i < failures; i++)
        draw_failure(&drawing, &status->failures[i]);
    if (scene->choice->is_shown)
        draw_chosen(&drawing);
    drawing.lines.most = max_lines;
    if (keeps_keys)
        draw_keys(&drawing);
    return drawing.lines.count;
}
