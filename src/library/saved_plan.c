#include "library/saved_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/map.h"
#include "library/selection.h"
#include "library/fleet_lint.h"
#include "report/lint_report.h"

enum { VERSION = 1 };

/* ---- reading ----------------------------------------------------------------------------------- */

static bool refuse(const struct saved_plan *plan, const char *why, struct err *err)
{
    return err_at(err, ERR_CONFIG, plan->path, 0,
                  "it is no plan that 'skein plan --save' wrote: %s", why);
}

/* The texts of an array. False: it is none, or one of its values is no text. */
static bool take_texts(struct arena *arena, const json_t *array, struct texts *ret)
{
    size_t count = json_array_size(array);
    const char **items = arena_calloc(arena, count + 1, sizeof *items);
    *ret = (struct texts){items, count};
    for (size_t i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text)
            return false;
        items[i] = arena_strdup(arena, text);
    }
    return json_is_array(array);
}

/* The checksums of files, by id. False: it is no object, or one of its values is no text. */
static bool take_files(struct arena *arena, json_t *object, struct saved_plan_files *ret)
{
    const char *id;
    json_t *checksum;
    *ret = (struct saved_plan_files){
        .items = arena_calloc(arena, json_object_size(object) + 1, sizeof *ret->items)};
    json_object_foreach(object, id, checksum)
    {
        if (!json_is_string(checksum))
            return false;
        ret->items[ret->count++] = (struct saved_plan_file){
            arena_strdup(arena, id),
            arena_strdup(arena, json_string_value(checksum)),
        };
    }
    return json_is_object(object);
}

/* Those that stood at one place. */
static bool take_standing(struct saved_plan *plan, const json_t *standing, size_t *capacity)
{
    const json_t *revision = json_object_get(standing, "revision");
    struct rows rows = {.is_known = !json_is_null(revision)};
    struct texts ids = {0}, names;
    if ((rows.is_known && !take_texts(&plan->arena, revision, &ids)) ||
        !take_texts(&plan->arena, json_object_get(standing, "tenants"), &names))
        return false;
    rows.ids = ids.items;
    rows.count = ids.count;
    for (size_t i = 0; i < names.count; i++)
        *ARENA_PUSH(&plan->arena, plan->tenants, plan->tenant_count, *capacity) =
            (struct saved_plan_tenant){names.items[i], rows};
    return true;
}

static bool take_standings(struct saved_plan *plan, const json_t *standings)
{
    size_t capacity = 0, index;
    json_t *standing;
    json_array_foreach(standings, index, standing)
    {
        if (!take_standing(plan, standing, &capacity))
            return false;
    }
    return json_is_array(standings);
}

static unsigned take_dialects(const json_t *names)
{
    unsigned dialects = 0;
    enum dialect_id dialect;
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        if (json_is_string(name) &&
            dialect_find(json_string_value(name), json_string_length(name), &dialect))
            dialects |= 1u << dialect;
    }
    return dialects;
}

static bool take_severity(const json_t *word, enum lint_severity *ret_severity)
{
    const char *text = json_string_value(word);
    for (int i = LINT_NOTE; text && i < LINT__COUNT; i++)
        if (strcmp(lint_severity_name((enum lint_severity)i), text) == 0) {
            *ret_severity = (enum lint_severity)i;
            return true;
        }
    return false;
}

/* As lint_json_finding writes it. False: one of its texts is missing. */
static bool take_finding(struct arena *arena, const json_t *json, struct told_finding *ret)
{
    const struct {
        const char *key;
        const char **text;
        bool is_optional;
    } members[] = {
        {"rule", &ret->rule, false},       {"revision", &ret->revision, false},
        {"file", &ret->file, false},       {"source", &ret->source, true},
        {"message", &ret->message, false}, {"why", &ret->why, false},
        {"better", &ret->better, false},   {"weight", &ret->weight, true},
        {"allowed", &ret->allowed, true},
    };
    const char *direction = json_string_value(json_object_get(json, "direction"));
    *ret = (struct told_finding){0};
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        const char *text = json_string_value(json_object_get(json, members[i].key));
        if (!text && !members[i].is_optional)
            return false;
        *members[i].text = arena_strdup(arena, text);
    }
    ret->source = ret->source ? ret->source : "";
    ret->line = (int)json_integer_value(json_object_get(json, "line"));
    ret->dialects = take_dialects(json_object_get(json, "dialects"));
    ret->direction = direction && strcmp(direction, "down") == 0 ? DIRECTION_DOWN : DIRECTION_UP;
    return take_severity(json_object_get(json, "severity"), &ret->severity);
}

/* NULL: a skein has written it that kept none. */
static bool take_findings(struct saved_plan *plan, const json_t *list)
{
    size_t count = json_array_size(list);
    struct told_finding *items = arena_calloc(&plan->arena, count + 1, sizeof *items);
    plan->findings = (struct told_findings){items, count};
    for (size_t i = 0; i < count; i++)
        if (!take_finding(&plan->arena, json_array_get(list, i), &items[i]))
            return false;
    return !list || json_is_array(list);
}

static bool take_plan(struct saved_plan *plan, const json_t *root, struct err *err)
{
    const json_t *version = json_object_get(root, "skein_plan");
    if (!json_is_integer(version))
        return refuse(plan, "it has no 'skein_plan'", err);
    if (json_integer_value(version) != VERSION)
        return refuse(plan, "a newer skein has made it", err);
    if (!take_texts(&plan->arena, json_object_get(root, "targets"), &plan->targets))
        return refuse(plan, "'targets' is no list of texts", err);
    if (!take_files(&plan->arena, json_object_get(root, "revisions"), &plan->revisions))
        return refuse(plan, "'revisions' does not name checksums", err);
    json_t *checkpoints = json_object_get(root, "checkpoints");
    if (checkpoints && !take_files(&plan->arena, checkpoints, &plan->checkpoints))
        return refuse(plan, "'checkpoints' does not name checksums", err);
    if (!take_standings(plan, json_object_get(root, "standings")))
        return refuse(plan, "'standings' does not name revisions and tenants", err);
    if (!take_findings(plan, json_object_get(root, "lint")))
        return refuse(plan, "'lint' is no list of findings", err);
    return true;
}

bool saved_plan_read(const char *path, struct saved_plan *ret, struct err *err)
{
    struct saved_plan *plan = ret;
    json_error_t error;
    *plan = (struct saved_plan){0};
    arena_init(&plan->arena);
    plan->path = arena_strdup(&plan->arena, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_at(err, ERR_CONFIG, plan->path, 0, "cannot read it: %s", strerror(errno));
    json_t *root = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error);
    close(fd);
    if (!root)
        return err_at(err, ERR_CONFIG, plan->path, error.line > 0 ? error.line : 0,
                      "it is no JSON: %s", error.text);
    bool is_good = take_plan(plan, root, err);
    json_decref(root);
    return is_good;
}

void saved_plan_done(struct saved_plan *plan)
{
    arena_done(&plan->arena);
}

/* ---- applying ---------------------------------------------------------------------------------- */

/* The chain's files of one kind. */
struct present {
    const struct revision *const *items;
    size_t count;
    const char *what; /* before the id */
};

static void check_files(const struct saved_plan *plan, const struct saved_plan_files *files,
                        const struct present *present, struct faults *faults)
{
    struct map known, found;
    map_init(&known);
    map_init(&found);
    for (size_t i = 0; i < present->count; i++)
        map_put(&found, present->items[i]->id, (uint32_t)i);
    for (size_t i = 0; i < files->count; i++) {
        const struct saved_plan_file *saved = &files->items[i];
        uint32_t at = map_get(&found, saved->id);
        map_put(&known, saved->id, (uint32_t)i);
        if (at == MAP_NONE)
            faults_add(faults, ERR_CONFIG, plan->path, 0, "the chain has no %s '%s' any more",
                       present->what, saved->id);
        else if (strcmp(present->items[at]->checksum, saved->checksum) != 0)
            faults_add(faults, ERR_CONFIG, present->items[at]->path, 0,
                       "it has changed since the plan '%s' was made", plan->path);
    }
    for (size_t i = 0; i < present->count; i++)
        if (map_get(&known, present->items[i]->id) == MAP_NONE)
            faults_add(faults, ERR_CONFIG, present->items[i]->path, 0,
                       "it is new since the plan '%s' was made", plan->path);
    map_done(&known);
    map_done(&found);
}

static void check_chain(const struct saved_plan *plan, const struct chain *chain,
                        struct faults *faults)
{
    const struct present revisions = {chain->revisions, chain->count, "revision"};
    const struct present checkpoints = {chain->checkpoints, chain->checkpoint_count,
                                        "checkpoint of"};
    check_files(plan, &plan->revisions, &revisions, faults);
    check_files(plan, &plan->checkpoints, &checkpoints, faults);
}

/* A tenant of the plan that is gone would silently stay as it is. */
static void check_tenants(const struct saved_plan *plan, const struct fleet *fleet,
                          struct faults *faults)
{
    struct map selected;
    if (fleet->selects.count || fleet->names.count || fleet->narrowed.count)
        return;
    map_init(&selected);
    for (size_t i = 0; i < fleet->tenant_count; i++)
        map_put(&selected, fleet->tenants[i]->name, (uint32_t)i);
    for (size_t i = 0; i < plan->tenant_count; i++)
        if (map_get(&selected, plan->tenants[i].name) == MAP_NONE)
            faults_add(faults, ERR_CONFIG, plan->path, 0,
                       "the inventory has no tenant '%s' any more", plan->tenants[i].name);
    map_done(&selected);
}

static void narrow(const struct saved_plan *plan, struct fleet *fleet, struct request *request)
{
    struct map planned;
    size_t before = fleet->tenant_count, count = 0;
    const struct tenant **tenants = arena_calloc(&fleet->arena, before + 1, sizeof *tenants);
    struct rows *shown = arena_calloc(&fleet->arena, before + 1, sizeof *shown);
    map_init(&planned);
    for (size_t i = 0; i < plan->tenant_count; i++)
        map_put(&planned, plan->tenants[i].name, (uint32_t)i);
    for (size_t i = 0; i < before; i++) {
        uint32_t at = map_get(&planned, fleet->tenants[i]->name);
        if (at == MAP_NONE)
            continue;
        shown[count] = plan->tenants[at].rows;
        tenants[count++] = fleet->tenants[i];
    }
    map_done(&planned);
    fleet->tenants = tenants;
    fleet->tenant_count = count;
    request->shown = shown;
    request->shown_by = plan->path;
}

/* What the inventory keeps out of reports by now is kept out of these, too. */
static const struct told_findings *apply_findings(const struct saved_plan *plan,
                                                  struct fleet *fleet)
{
    size_t count = plan->findings.count;
    struct told_findings *applied = arena_alloc(&fleet->arena, sizeof *applied);
    struct told_finding *items = arena_calloc(&fleet->arena, count + 1, sizeof *items);
    for (size_t i = 0; i < count; i++) {
        items[i] = plan->findings.items[i];
        const char **const texts[] = {&items[i].source, &items[i].message, &items[i].better,
                                      &items[i].allowed};
        if (fleet->inventory->hides_sql)
            items[i].source = "";
        for (size_t t = 0; t < ARRAY_LEN(texts); t++)
            if (*texts[t])
                *texts[t] = fleet_lint_hide(fleet->inventory, &fleet->arena, *texts[t]);
    }
    *applied = (struct told_findings){items, count};
    return count ? applied : NULL;
}

bool saved_plan_apply(const struct saved_plan *plan, struct fleet *fleet, struct request *request,
                      struct faults *faults)
{
    size_t before = faults->total;
    check_chain(plan, fleet->chain, faults);
    check_tenants(plan, fleet, faults);
    if (faults->total > before)
        return false;
    narrow(plan, fleet, request);
    request->findings = apply_findings(plan, fleet);
    fleet_note_narrowed(fleet, arena_printf(&fleet->arena, "--plan %s", plan->path));
    request->targets = plan->targets.items;
    request->target_count = plan->targets.count;
    return true;
}

/* ---- making ------------------------------------------------------------------------------------ */

#define NOT_SEEN UINT32_MAX

void saved_plan_begin(struct saved_plan_maker *maker, const struct fleet *fleet,
                      const struct request *request)
{
    *maker =
        (struct saved_plan_maker){.fleet = fleet, .request = request, .places = rows_pool_new()};
    arena_init(&maker->arena);
    maker->place_of = arena_calloc(&maker->arena, fleet->tenant_count + 1, sizeof(uint32_t));
    for (size_t i = 0; i < fleet->tenant_count; i++)
        maker->place_of[i] = NOT_SEEN;
}

void saved_plan_observe(void *ctx, const struct event *event)
{
    struct saved_plan_maker *maker = ctx;
    if (event->kind != EVENT_TENANT_FINISHED)
        return;
    struct rows from =
        rows_sorted(&maker->arena, event->outcome->from.ids, event->outcome->from.count);
    from.is_known = event->outcome->from.is_known;
    maker->place_of[event->tenant] = rows_pool_put(maker->places, &from);
    maker->pending_count += event->outcome->state == TENANT_SUCCEEDED;
}

void saved_plan_take_findings(void *ctx, const struct told_findings *findings)
{
    struct saved_plan_maker *maker = ctx;
    maker->findings = told_copy(&maker->arena, findings);
}

void saved_plan_end(struct saved_plan_maker *maker)
{
    rows_pool_free(maker->places);
    arena_done(&maker->arena);
}

static void put_rows(struct json_stream *stream, const struct rows *rows)
{
    json_t *array = rows->is_known ? json_array() : json_null();
    for (size_t i = 0; i < rows->count; i++)
        json_array_append_new(array, json_text(rows->ids[i]));
    json_put(stream, "revision", array);
}

struct planned {
    uint32_t place, tenant;
};

static int compare_planned(const void *a, const void *b)
{
    const struct planned *left = a, *right = b;
    if (left->place != right->place)
        return left->place < right->place ? -1 : 1;
    return left->tenant < right->tenant ? -1 : left->tenant > right->tenant;
}

static void put_standings(struct saved_plan_maker *maker, struct json_stream *stream)
{
    size_t count = 0;
    struct planned *planned =
        arena_calloc(&maker->arena, maker->fleet->tenant_count + 1, sizeof *planned);
    for (uint32_t i = 0; i < maker->fleet->tenant_count; i++)
        if (maker->place_of[i] != NOT_SEEN)
            planned[count++] = (struct planned){maker->place_of[i], i};
    qsort(planned, count, sizeof *planned, compare_planned);
    json_open(stream, "standings", '[');
    for (size_t i = 0; i < count;) {
        uint32_t place = planned[i].place;
        json_open(stream, NULL, '{');
        put_rows(stream, rows_pool_at(maker->places, place));
        json_open(stream, "tenants", '[');
        for (; i < count && planned[i].place == place; i++)
            json_put(stream, NULL, json_text(maker->fleet->tenants[planned[i].tenant]->name));
        json_close(stream, ']');
        json_close(stream, '}');
    }
    json_close(stream, ']');
}

void saved_plan_write(struct saved_plan_maker *maker, FILE *out)
{
    const struct chain *chain = maker->fleet->chain;
    struct json_stream stream = {.out = out};
    json_t *targets = json_array();
    for (size_t i = 0; i < maker->request->target_count; i++)
        json_array_append_new(targets, json_text(maker->request->targets[i]));
    json_open(&stream, NULL, '{');
    json_put(&stream, "skein_plan", json_integer(VERSION));
    json_put(&stream, "targets", targets);
    json_open(&stream, "revisions", '{');
    for (size_t i = 0; i < chain->count; i++) {
        const struct revision *revision = chain->revisions[chain->topological[i]];
        json_put(&stream, revision->id, json_text(revision->checksum));
    }
    json_close(&stream, '}');
    json_open(&stream, "checkpoints", '{');
    for (size_t i = 0; i < chain->checkpoint_count; i++)
        json_put(&stream, chain->checkpoints[i]->id, json_text(chain->checkpoints[i]->checksum));
    json_close(&stream, '}');
    put_standings(maker, &stream);
    json_open(&stream, "lint", '[');
    for (size_t i = 0; i < maker->findings.count; i++)
        json_put(&stream, NULL, lint_json_finding(&maker->findings.items[i]));
    json_close(&stream, ']');
    json_close(&stream, '}');
}
