#include "cli/draft.h"

#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "chain/draft.h"
#include "chain/identifier.h"
#include "cli/autogenerate.h"
#include "cli/chain_text.h"
#include "cli/exit.h"
#include "cli/faults.h"
#include "cli/status.h"
#include "inventory/lack.h"

/* ---- what is asked for --------------------------------------------------------------------- */

/* 12 hex digits, as Alembic's. */
static const char *make_id(struct arena *arena)
{
    unsigned char bytes[6];
    if (getentropy(bytes, sizeof bytes))
        abort();
    return arena_printf(arena, "%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                        bytes[4], bytes[5]);
}

static const char *make_date(struct arena *arena, time_t now)
{
    struct tm utc;
    char text[32];
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00:00", &utc);
    return arena_strdup(arena, text);
}

/* Of one line; what surrounds it is dropped, as the parser does. */
static bool find_message(struct arena *arena, const char *asked, const char **ret, struct err *err)
{
    const char *text = asked ? asked : "empty message"; /* Alembic's */
    text += strspn(text, " \t");
    size_t len = strlen(text);
    while (len && strchr(" \t", text[len - 1]))
        len--;
    if (strpbrk(text, "\r\n"))
        return err_set(err, ERR_CONFIG, "--message: one line, please; the file has room for more");
    *ret = arena_strndup(arena, text, len);
    return true;
}

static bool check_parents(const struct chain *chain, const struct options *options,
                          struct revisions parents, struct err *err)
{
    for (size_t i = 0; i < parents.count; i++) {
        const struct revision *parent = chain->revisions[parents.items[i]];
        if (parent->next_count && !options->splices)
            return err_set(
                err, ERR_CHAIN,
                "revision '%s' is not a head revision; please specify --splice to create "
                "a new branch from this revision",
                parent->id);
        for (size_t k = 0; k < i; k++)
            if (parents.items[k] == parents.items[i])
                return err_set(err, ERR_CHAIN, "revision '%s' is named twice", parent->id);
    }
    return true;
}

static const char *const *ids_of(struct fleet *fleet, struct revisions revisions)
{
    const char **ids = arena_calloc(&fleet->arena, revisions.count + 1, sizeof *ids);
    for (size_t i = 0; i < revisions.count; i++)
        ids[i] = fleet->chain->revisions[revisions.items[i]]->id;
    return ids;
}

/* A label stays a label, a partial id becomes a full one. */
static bool find_dependencies(struct fleet *fleet, const struct words *asked, struct revision *ret,
                              struct err *err)
{
    const char **ids = arena_calloc(&fleet->arena, asked->count + 1, sizeof *ids);
    struct lookup in = fleet_lookup(fleet, err);
    for (size_t i = 0; i < asked->count; i++) {
        struct revisions found;
        if (!identifier_find(&in, asked->items[i], NULL, &found))
            return false;
        if (found.count != 1)
            return err_set(err, ERR_CHAIN, "--depends-on: '%s' is not one revision",
                           asked->items[i]);
        const struct revision *revision = fleet->chain->revisions[found.items[0]];
        ids[i] = revision_has_label(revision, asked->items[i]) ? asked->items[i] : revision->id;
    }
    ret->depend_ids = ids;
    ret->depend_count = asked->count;
    return true;
}

static bool fill_draft(struct fleet *fleet, const struct options *options, struct revisions parents,
                       struct draft *draft, struct err *err)
{
    struct revision *ret = &draft->revision;
    draft->made_at = time(NULL);
    *ret = (struct revision){
        .id = options->rev_id ? options->rev_id : make_id(&fleet->arena),
        .create_date = make_date(&fleet->arena, draft->made_at),
        .down_ids = ids_of(fleet, parents),
        .down_count = parents.count,
        .labels = options->branch_labels.items,
        .label_count = options->branch_labels.count,
    };
    return find_message(&fleet->arena, options->message, &ret->message, err) &&
           check_parents(fleet->chain, options, parents, err) &&
           find_dependencies(fleet, &options->depends_on, ret, err);
}

/* ---- the file ------------------------------------------------------------------------------ */

/* `Generating …  done`, or with -o what `show` would say of it. */
static void tell_drafted(const struct chain *chain, const struct options *options, const char *id)
{
    const struct revision *revision = chain_get(chain, id);
    if (!options->output_count) {
        if (!options->is_quiet)
            status_tell("Generating", revision->path);
        return;
    }
    struct chain_text text = chain_text_begin(chain, options, 0);
    text.is_verbose = true;
    chain_text_add(&text, revision);
    chain_text_end(&text);
}

/* The environment may have to say how the file is called. */
static bool knows_name(const struct fleet *fleet)
{
    struct faults faults;
    faults_init(&faults);
    bool is_known = inventory_check_parts(fleet->inventory, PART_FILE_TEMPLATE, &faults);
    cli_tell_faults(&faults);
    faults_done(&faults);
    return is_known;
}

/* Puts the file into the folder and says so; the exit code. */
static int put_draft(const struct options *options, const struct draft *draft)
{
    struct faults faults;
    faults_init(&faults);
    struct chain *chain = draft_put(draft, &faults);
    cli_tell_faults(&faults);
    faults_done(&faults);
    if (!chain) {
        fputs("skein: no revision was written\n", stderr);
        return EXIT_USAGE;
    }
    tell_drafted(chain, options, draft->revision.id);
    chain_free(chain);
    return EXIT_OK;
}

/* With what leads to the schema files; nothing is written where nothing differs. */
static int put_generated(struct fleet *fleet, const struct options *options, struct draft *draft)
{
    struct autogenerated generated;
    int exit_code = EXIT_OK;
    if (cli_autogenerate(fleet, options, draft, &generated, &exit_code))
        exit_code = put_draft(options, draft);
    autogenerated_done(&generated);
    return exit_code;
}

int cli_draft(struct fleet *fleet, const struct options *options, struct revisions parents)
{
    struct draft draft = {
        .dir = fleet->chain->dir,
        .template_path = options->sql_template,
        .name_template = fleet->inventory->file_template,
    };
    struct err err;
    if (!knows_name(fleet))
        return EXIT_USAGE;
    if (!fill_draft(fleet, options, parents, &draft, &err))
        return cli_fail(&err);
    return options->autogenerates ? put_generated(fleet, options, &draft)
                                  : put_draft(options, &draft);
}
