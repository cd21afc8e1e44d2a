/* A program that uses the installed library, with everything that include/skein.h has.
 *
 *     app INVENTORY COMMAND [--select SEL] [--only NAME] [--continue|--rollback] [--wave NAME]
 *         [--max-failures N] [--parallel N] [--stop-after N] [--signals] [--report FORMAT] [--then COMMAND] [TARGET…]
 *
 * Prints a line for everything it is told; its exit code is the report's. --stop-after N asks for a
 * stop when the Nth tenant has finished; SIGINT asks too, unless --signals gives it to the library.
 */
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <skein.h>

struct app {
    struct skein *skein;
    size_t finished;
    size_t stop_after;
};

static struct skein *interrupted;

/* The names of an application must not collide with the library's own. */
void report_new(void);
void report_new(void)
{
}

static void on_interrupt(int number)
{
    signal(number, on_interrupt);
    skein_stop(interrupted);
}

static void on_child(int number)
{
    (void)number;
}

static void print_rows(const char *title, const char *const *rows, size_t count)
{
    printf(" %s=", title);
    if (!rows)
        printf("?");
    for (size_t i = 0; rows && i < count; i++)
        printf("%s%s", i ? "," : "", rows[i]);
}

static void print_error(const char *who, const struct skein_error *error)
{
    printf("%s class=%s code=%s file=%s line=%d revision=%s statement=%s: %s\n", who,
           error->class_name, error->code, error->file, error->line,
           error->revision ? error->revision : "", error->statement ? error->statement : "",
           error->text);
    const struct {
        const char *name, *text;
    } said[] = {{"detail", error->detail}, {"hint", error->hint},     {"context", error->context},
                {"schema", error->schema}, {"table", error->table},   {"column", error->column},
                {"type", error->datatype}, {"key", error->constraint}};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i].text)
            printf("%s said %s=%s\n", who, said[i].name, said[i].text);
}

static void on_fault(void *ctx, const struct skein_error *fault)
{
    (void)ctx;
    print_error("fault", fault);
}

static void on_finished(struct app *app, const struct skein_event *event)
{
    printf("%s %s", event->tenant, skein_state_name(event->state));
    print_rows("from", event->from, event->from_count);
    print_rows("to", event->to, event->to_count);
    printf(" steps=%zu attempts=%u\n", event->step_count, (unsigned)event->attempts);
    if (event->notice_count)
        printf("%s heard %d notices, %d warnings\n", event->tenant, (int)event->notice_count,
               (int)event->warning_count);
    if (event->error)
        print_error(event->tenant, event->error);
    if (++app->finished == app->stop_after)
        skein_stop(app->skein);
}

static void on_event(void *ctx, const struct skein_event *event)
{
    switch (event->kind) {
    case SKEIN_RUN_STARTED:
        printf("started %zu id=%d\n", event->tenant_count, (int)strlen(event->run_id));
        break;
    case SKEIN_TENANT_STARTED: printf("%s starts\n", event->tenant); break;
    case SKEIN_TENANT_RETRIES:
        printf("%s retries class=%s\n", event->tenant, event->error->class_name);
        break;
    case SKEIN_TENANT_FINISHED: on_finished(ctx, event); break;
    case SKEIN_RUN_DRAINS: printf("drains: %s\n", event->reason); break;
    case SKEIN_NOTE: printf("note: %s\n", event->reason); break;
    case SKEIN_RUN_FINISHED:
        printf("finished %s\n", event->duration_ms > 0 ? "in time" : "in no time");
        break;
    }
    fflush(stdout);
}

static enum skein_command command_of(const char *name)
{
    static const char *const names[] = {"current", "plan", "upgrade", "downgrade", "stamp"};
    for (int i = 0; i < 5; i++)
        if (strcmp(names[i], name) == 0)
            return (enum skein_command)i;
    abort();
}

static int run(struct app *app, const struct skein_request *request, const char *format)
{
    struct skein_report *report = skein_run(app->skein, request);
    int exit_code = skein_exit_code(app->skein);
    if (report) {
        for (int s = SKEIN_TENANT_PENDING; s <= SKEIN_TENANT_SKIPPED; s++)
            if (skein_report_total(report, (enum skein_state)s))
                printf("total %s=%zu\n", skein_state_name((enum skein_state)s),
                       skein_report_total(report, (enum skein_state)s));
        if (format && !skein_report_write(report, format, stdout))
            printf("no report\n");
    }
    printf("exit %d\n", exit_code);
    fflush(stdout);
    skein_report_free(report);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct app app = {0};
    setlocale(LC_ALL, "");
    const char *only[2] = {NULL, NULL};
    const char *targets[9] = {NULL};
    const char *format = NULL;
    const char *then = NULL;
    int target_count = 0;
    struct skein_options options = {.inventory = argv[1], .tenants = only};
    struct skein_request request = {.command = command_of(argv[2]), .targets = targets};
    struct skein_observer observer = {.ctx = &app, .on_event = on_event, .on_fault = on_fault};
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--select") == 0)
            options.select = argv[++i];
        else if (strcmp(argv[i], "--only") == 0)
            only[0] = argv[++i];
        else if (strcmp(argv[i], "--parallel") == 0)
            options.parallel = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--continue") == 0)
            request.on_failure = SKEIN_CONTINUE;
        else if (strcmp(argv[i], "--rollback") == 0)
            request.on_failure = SKEIN_ROLLBACK;
        else if (strcmp(argv[i], "--wave") == 0)
            request.wave = argv[++i];
        else if (strcmp(argv[i], "--max-failures") == 0)
            request.max_failures = argv[++i];
        else if (strcmp(argv[i], "--stop-after") == 0)
            app.stop_after = strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--dry-run") == 0)
            request.is_dry_run = true;
        else if (strcmp(argv[i], "--verify") == 0)
            request.verify_schema = SKEIN_VERIFY_BOTH;
        else if (strcmp(argv[i], "--verify-not") == 0)
            request.verify_schema = SKEIN_VERIFY_NONE;
        else if (strcmp(argv[i], "--signals") == 0)
            request.handles_signals = true;
        else if (strcmp(argv[i], "--report") == 0)
            format = argv[++i];
        else if (strcmp(argv[i], "--then") == 0)
            then = argv[++i];
        else if (target_count < 8)
            targets[target_count++] = argv[i];
    }
    report_new();
    app.skein = skein_open(&options, &observer);
    if (!app.skein) {
        printf("not opened, %s\n", skein_version());
        return skein_exit_code(app.skein);
    }
    for (size_t i = 0; i < skein_tenant_count(app.skein); i++)
        printf("tenant %s\n", skein_tenant_name(app.skein, i));
    interrupted = app.skein;
    signal(SIGCHLD, on_child);
    if (!request.handles_signals)
        signal(SIGINT, on_interrupt);
    else
        signal(SIGHUP, on_child);
    int exit_code = run(&app, &request, format);
    if (signal(SIGCHLD, SIG_DFL) != on_child ||
        (request.handles_signals && signal(SIGHUP, SIG_DFL) != on_child))
        printf("a handler is gone\n");
    if (then) {
        request.command = command_of(then);
        exit_code = run(&app, &request, format);
    }
    skein_close(app.skein);
    return exit_code;
}
