/* Failures of one cause: the first few are told one by one, the others are counted and told together. */
#include "base/arena.h"
#include "base/human.h"
#include "cli/progress_view.h"
#include "report/cause.h"

enum {
    TOLD_MOST = 5,    /* lines of one cause */
    CAUSES_MOST = 20, /* that have lines of their own; all others share one count */
    CAUSE_TEXT = 300, /* bytes of a cause's text in a line */
};

enum held { HELD_FAILURE, HELD_RETRY, HELD__COUNT };

struct held_back {
    size_t total;   /* events, told or not */
    size_t waiting; /* since the last line about those that were held back */
};

struct progress_causes {
    struct arena arena;
    struct causes causes;
    struct held_back held[CAUSES_MOST + 1][HELD__COUNT]; /* the last: of all other causes */
};

struct progress_causes *progress_causes_new(void)
{
    struct progress_causes *causes = xcalloc(1, sizeof *causes);
    arena_init(&causes->arena);
    causes_init(&causes->causes, &causes->arena);
    return causes;
}

void progress_causes_free(struct progress_causes *causes)
{
    arena_done(&causes->arena);
    free(causes);
}

/* The error that a line would be about; NULL: the event is told whatever was told before. */
static const struct err *error_of(const struct event *event, enum held *ret_held)
{
    *ret_held = event->kind == EVENT_TENANT_RETRIES ? HELD_RETRY : HELD_FAILURE;
    if (event->kind == EVENT_TENANT_RETRIES)
        return event->error;
    return event->kind == EVENT_TENANT_FINISHED ? event->outcome->error : NULL;
}

bool progress_holds_back(struct progress *progress, const struct event *event)
{
    struct progress_causes *causes = progress->causes;
    enum held kind;
    const struct err *err = error_of(event, &kind);
    if (!err || progress->is_verbose)
        return false;
    const struct revision *revision = event->outcome ? event->outcome->error_revision : NULL;
    uint32_t cause =
        causes_put(&causes->causes, err, revision, progress->status->run->tenants[event->tenant]);
    bool is_other = cause >= CAUSES_MOST;
    struct held_back *held = &causes->held[is_other ? CAUSES_MOST : cause][kind];
    if (++held->total <= TOLD_MOST)
        return false;
    held->waiting++;
    return true;
}

static void add_cause(struct buf *out, const struct cause *cause)
{
    char first[CAUSE_TEXT];
    snprintf(first, sizeof first, "%.*s", (int)strcspn(cause->text, "\n"), cause->text);
    buf_addf(out, "%s%s", err_class_name((enum err_class)cause->kind), *cause->code ? " " : "");
    human_add_text(out, cause->code);
    buf_adds(out, ": ");
    human_add_text(out, first);
}

bool progress_add_held_back(struct progress *progress)
{
    static const char *const words[HELD__COUNT] = {
        [HELD_FAILURE] = "", [HELD_RETRY] = " try again"};
    struct progress_causes *causes = progress->causes;
    for (uint32_t i = 0; i <= CAUSES_MOST; i++)
        for (enum held kind = 0; kind < HELD__COUNT; kind++) {
            struct held_back *held = &causes->held[i][kind];
            bool is_shown = kind == HELD_FAILURE || !progress->is_quiet;
            if (!held->waiting || !is_shown)
                continue;
            buf_addf(&progress->out, "%zu more%s: ", held->waiting, words[kind]);
            if (i == CAUSES_MOST)
                buf_adds(&progress->out, "of other causes");
            else
                add_cause(&progress->out, causes_at(&causes->causes, i));
            held->waiting = 0;
            return true;
        }
    return false;
}
