#include "cli/confirm.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "event/standing_place.h"
#include "base/ascii.h"
#include "base/buf.h"
#include "base/human.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/reports.h"
#include "dialect/loss.h"
#include "dialect/scripts.h"
#include "library/prepare.h"
#include "report/report.h"

bool confirm_may_ask(const struct options *options)
{
    return !options->says_yes && !options->is_dry_run && isatty(STDIN_FILENO) &&
           isatty(STDERR_FILENO);
}

bool confirm_is_due(const struct options *options, const struct request *request)
{
    bool asks = request->verb->asks_first || (request->verb->takes_tool && request->forces);
    return asks && !request->shown && request_changes(request) && confirm_may_ask(options);
}

/* ---- what is shown --------------------------------------------------------------------------- */

struct preview {
    struct fleet *fleet;
    struct report *report;
    struct rows *shown;
    bool *told[DIALECT__COUNT]; /* by revision: its down step is in `losses` */
    struct buf losses;
    size_t change_count;
    bool is_seen; /* a look was done */
};

/* The statements of a down step that take data away, with where they stand. */
static void add_losses(struct preview *preview, const struct tenant *tenant,
                       const struct revision *revision)
{
    struct fleet *fleet = preview->fleet;
    enum dialect_id dialect = dialect_promised(tenant->url.dialect, tenant->url.scheme);
    bool **told = &preview->told[dialect];
    struct err err;
    if (!*told)
        *told = arena_calloc(&fleet->arena, fleet->chain->count + 1, sizeof **told);
    if ((*told)[revision->index])
        return;
    (*told)[revision->index] = true;
    const struct script *script =
        scripts_get(fleet->scripts, dialect_of(dialect), revision, DIRECTION_DOWN, &err);
    for (size_t p = 0; script && p < script->piece_count; p++) {
        const struct piece *piece = &script->pieces[p];
        for (size_t s = 0; s < piece->statement_count; s++) {
            const struct statement *statement = &piece->statements[s];
            const char *sql = piece->sql + statement->offset;
            if (!loss_is_in(sql, statement->len, script->comments_nest))
                continue;
            int line = piece_line(piece, 0, s);
            buf_adds(&preview->losses, "  ");
            human_add_text(&preview->losses, revision->path);
            buf_addf(&preview->losses, ":%d  ", line);
            human_add_text(&preview->losses, piece_line_text(&fleet->arena, piece, line));
            buf_addc(&preview->losses, '\n');
        }
    }
}

static void on_looked(void *ctx, const struct event *event)
{
    struct preview *preview = ctx;
    const struct outcome *outcome = event->outcome;
    report_apply(preview->report, event);
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    preview->is_seen = true;
    preview->change_count += outcome->state == TENANT_SUCCEEDED;
    preview->shown[event->tenant] =
        standing_place(&preview->fleet->arena, &outcome->from, outcome->half_step);
    for (size_t i = 0; i < outcome->step_count; i++)
        if (outcome->steps[i].direction == DIRECTION_DOWN && outcome->steps[i].revision)
            add_losses(preview, event->run->tenants[event->tenant], outcome->steps[i].revision);
}

/* What could not be rolled back or downgraded is found here already, as it is before the run. */
static bool look(struct preview *preview, const struct request *request, int *ret_exit_code)
{
    struct observer observer = {on_looked, preview};
    struct request dry = *request;
    struct prepared_run prepared;
    struct faults faults;
    int signal_number;
    faults_init(&faults);
    dry.is_dry_run = true;
    bool is_good =
        prepare_can_roll_back(preview->fleet, request, &observer, &signal_number, &faults);
    if (is_good && !preview->is_seen && !signal_number) {
        struct err err = {0};
        is_good = prepare_run(preview->fleet, &dry, &prepared, &err);
        struct rollout_end end = {.err = err};
        if (is_good)
            end = rollout_run(&prepared.rollout, &observer, 1);
        prepare_done(&prepared);
        is_good = is_good && end.err.kind == ERR_NONE;
        signal_number = is_good ? end.signal : 0;
        if (!is_good)
            faults_add_err(&faults, &end.err);
    }
    cli_tell_faults(&faults);
    faults_done(&faults);
    *ret_exit_code = signal_number ? EXIT_SIGNAL + signal_number : EXIT_USAGE;
    return is_good && !signal_number;
}

static void show(const struct preview *preview, const struct options *options)
{
    struct err err;
    if (!options->is_quiet && !cli_write_report(preview->report, "text", options, stderr, &err))
        cli_fail(&err);
    if (preview->losses.len)
        fprintf(stderr, "\nDown steps that delete data\n%s", preview->losses.data);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static volatile sig_atomic_t caught;

static void on_signal(int number)
{
    caught = number;
}

static const int heeded[] = {SIGINT, SIGTERM, SIGHUP};

/* Without SA_RESTART: a signal ends the reading. */
static void take_signals(struct sigaction ret_before[ARRAY_LEN(heeded)])
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    caught = 0;
    for (size_t i = 0; i < ARRAY_LEN(heeded); i++)
        sigaction(heeded[i], &action, &ret_before[i]);
}

static void give_signals_back(const struct sigaction before[ARRAY_LEN(heeded)])
{
    for (size_t i = 0; i < ARRAY_LEN(heeded); i++)
        sigaction(heeded[i], &before[i], NULL);
}

enum { LINE_SIZE = 256 };

/* A line without its end, cut where there is no room. False: the end of input, or a signal. */
static bool read_line(char ret_line[LINE_SIZE])
{
    size_t len = 0;
    char c = '\0';
    while (c != '\n') {
        ssize_t count = caught ? -1 : read(STDIN_FILENO, &c, 1);
        if (count < 0 && errno == EINTR && !caught)
            continue;
        if (count <= 0)
            return false;
        if (c != '\n' && len < LINE_SIZE - 1)
            ret_line[len++] = c;
    }
    ret_line[len] = '\0';
    return true;
}

/* `ret_word` without blanks around it. */
static void trim(char *line)
{
    size_t len = strlen(line), from = strspn(line, " \t\r");
    while (len > from && strchr(" \t\r", line[len - 1]))
        len--;
    memmove(line, line + from, len - from);
    line[len - from] = '\0';
}

/* Whatever is neither yes nor no is asked again; nothing at all is no. */
static bool is_yes(void)
{
    enum { TRIES = 3 };
    char line[LINE_SIZE];
    for (int i = 0; i < TRIES; i++) {
        fputs(i ? "please say y or n: go on? [y/N] " : "go on? [y/N] ", stderr);
        fflush(stderr);
        if (!read_line(line)) {
            fputc('\n', stderr);
            return false;
        }
        trim(line);
        if (ascii_is_same(line, "y") || ascii_is_same(line, "yes"))
            return true;
        if (!*line || ascii_is_same(line, "n") || ascii_is_same(line, "no"))
            return false;
    }
    return false;
}

static bool ask(const struct preview *preview, const struct request *request, int *ret_exit_code)
{
    struct sigaction before[ARRAY_LEN(heeded)];
    struct buf line;
    buf_init(&line, BUF_MAX_DEFAULT);
    human_add_text(&line, request->verb->name);
    buf_adds(&line, " would change ");
    human_add_count(&line, preview->change_count, "tenant");
    fprintf(stderr, "\n%s: ", line.data);
    buf_done(&line);
    take_signals(before);
    bool goes_on = is_yes();
    give_signals_back(before);
    *ret_exit_code = caught ? EXIT_SIGNAL + caught : EXIT_USAGE;
    if (!goes_on)
        cli_note("nothing was done: no tenant was touched");
    return goes_on && !caught;
}

bool confirm(struct fleet *fleet, const struct options *options, struct request *request,
             int *ret_exit_code)
{
    struct preview preview = {.fleet = fleet, .report = report_new()};
    preview.shown = arena_calloc(&fleet->arena, fleet->tenant_count + 1, sizeof *preview.shown);
    buf_init(&preview.losses, BUF_MAX_DEFAULT);
    bool goes_on = look(&preview, request, ret_exit_code);
    request->shown = preview.shown;
    if (goes_on && preview.change_count) {
        show(&preview, options);
        goes_on = ask(&preview, request, ret_exit_code);
    }
    buf_done(&preview.losses);
    report_free(preview.report);
    return goes_on;
}
